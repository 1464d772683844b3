"""What holds for all tests."""

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no failure: nothing here asserts a time.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def nobody_on_github(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have a token in the environment: no test speaks with the real GitHub."""
    for name in ("GITHUB_TOKEN", "GH_TOKEN", "SWITCHOVER_APP_ID", "SWITCHOVER_PRIVATE_KEY", "SWITCHOVER_GITHUB_URL"):
        monkeypatch.delenv(name, raising=False)
