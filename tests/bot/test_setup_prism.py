"""Setup and doctor against a mock made from GitHub's official REST description: every request passes its rules."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from bot.install.doctor import checks
from bot.install.setup import setup_router
from pipeline import credentials
from pipeline.serve.process import held_ports
from tests.bot.github_web import API
from tests.bot.served import get, served
from tests.bot.test_setup_page import begin
from tests.github.recordings import openapi

ROOT = Path(__file__).parents[2]
PRISM = ROOT / ".cache" / "npm" / "node_modules" / ".bin" / "prism"
PATHS = ("/app", "/app-manifests", "/installation/repositories")

pytestmark = pytest.mark.skipif(not PRISM.exists(), reason="no Prism here; 'make setup' installs it where npm is")


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The web address of the mock, whose API is below /api/v3 as a GitHub Enterprise Server's."""
    folder = tmp_path_factory.mktemp("prism")
    (folder / "openapi.json").write_text(json.dumps(description()))
    with held_ports(0) as [port], (folder / "log").open("w") as log:
        command = [PRISM, "mock", "-h", "127.0.0.1", "-p", str(port), str(folder / "openapi.json")]
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _wait(process, folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def description() -> dict[str, Any]:
    """Our part of the official one, in the media type that GitHub answers in and we ask for."""
    described, kept = openapi(), {}
    for path, verbs in described["paths"].items():
        if path.startswith(PATHS):
            kept[f"{API}{path}"] = verbs
            for answer in (one for verb in verbs.values() for one in verb["responses"].values()):
                answer.pop("headers", None)  # a Link that leads nowhere
                if "application/json" in answer.get("content", {}):
                    answer["content"]["application/vnd.github+json"] = answer["content"].pop("application/json")
    return {**described, "paths": kept}


def _wait(process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(1200):
        if "Prism is listening" in log.read_text():
            return
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(f"Prism did not start: {log.read_text()}")


def test_from_the_form_to_a_doctor_that_is_believed(web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SWITCHOVER_")]:
        monkeypatch.delenv(name)
    db, app = tmp_path / "so.db", FastAPI()
    app.include_router(setup_router(db))
    with served(app) as port:
        page, state = begin(port, web)
        back = get(port, f"/setup/callback?code=0123456789abcdef&state={state}", cookie=page.cookie)
    assert back.status == 303, back.said
    kept = credentials.path_for(db)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert json.loads(kept.read_text())["slug"] == "octoapp"
    found = {check.name: check for check in checks(db)}
    for name in ("app id", "app private key", "app webhook secret", "clock", "app", "app webhook", "app deliveries"):
        assert found[name].ok, found[name].line()
    assert "it lacks Contents" not in found["app permissions"].found
    assert "Checks: write" in found["app permissions"].found
    assert "not accepted yet" in found["installation octocat"].found or found["installation octocat"].ok
