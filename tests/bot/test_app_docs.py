"""docs/app.md: the table is the program's, and what it names exists."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from bot.install.permissions import GRANTS
from pipeline import config, credentials

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "app.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def refresh() -> ModuleType:
    spec = importlib.util.spec_from_file_location("refresh", DOCS / "refresh.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_permissions_are_the_ones_that_are_asked_for(refresh: ModuleType) -> None:
    assert refresh.with_permissions(PAGE) == PAGE, "run: python docs/refresh.py"
    assert all(f"| {grant.title} |" in PAGE and grant.why in PAGE for grant in GRANTS["full"])


def test_every_variable_is_one_that_is_read() -> None:
    source = Path(config.__file__).read_text()
    named = set(re.findall(r"`(SWITCHOVER_[A-Z_]+)", PAGE))
    assert {name.removesuffix("_FILE") for name in named} <= set(re.findall(r"SWITCHOVER_[A-Z_]+", source))
    assert {"SWITCHOVER_APP_ID", "SWITCHOVER_PRIVATE_KEY", "SWITCHOVER_WEBHOOK_SECRET"} <= named


def test_the_files_are_named_as_they_are() -> None:
    from bot.pages import key

    db = Path("so.db")
    assert f"`{credentials.path_for(db)}`" in PAGE and f"`{key.path_for(db)}`" in PAGE


@pytest.mark.parametrize("cause", ["key is another App's", "PEM is damaged", "clock is off", "suspended", "removed"])
def test_each_mistake_has_its_row(cause: str) -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and cause in line]
    assert rows and all(row.count("|") == 6 for row in rows if "permission" not in row)


def test_nginx_is_told_to_say_for_whom_it_speaks() -> None:
    nginx = re.findall(r"```nginx\n(.*?)```", PAGE, re.S)[0]
    assert "X-Forwarded-For" in nginx and "location = /webhook" in nginx and "return 404" in nginx
