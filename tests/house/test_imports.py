"""The direction of imports: who may know whom. Read from the source, nothing is executed."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LAYERS = (
    ("pipeline.errors", "pipeline.types"),
    ("pipeline.settings", "pipeline.addresses", "pipeline.reasons", "pipeline.labels", "pipeline.whole"),
    ("pipeline.patch", "pipeline.cost", "pipeline.decide", "pipeline.report", "pipeline.evaluate.agreement"),
    (
        "pipeline.jsonl",
        "pipeline.folders",
        "pipeline.evaluations",
        "pipeline.rows",
        "pipeline.prices",
        "pipeline.recipes",
        "pipeline.config",
        "pipeline.config_text",
        "pipeline.credentials",
        "pipeline.git",
        "pipeline.store",
        "pipeline.forgotten",
        "pipeline.app_state",
        "pipeline.migrations",
        "pipeline.trees",
        "pipeline.plugins",
        "pipeline.route",
        "pipeline.router",
    ),
    (
        "pipeline.collect",
        "pipeline.rollout",
        "pipeline.generate",
        "pipeline.export",
        "pipeline.train",
        "pipeline.serve",
        "pipeline.evaluate",
        "pipeline.gates",
        "pipeline.adapters",
    ),
    (
        "pipeline.demo",
        "pipeline.trial",
        "pipeline.triggers",
        "pipeline.epochs",
        "pipeline.doctor",
        "pipeline.room",
        "pipeline.status",
        "pipeline.app_status",
        "pipeline.init",
        "pipeline.forget",
        "pipeline.view",
        "pipeline.job_summary",
        "pipeline.judgement",
        "pipeline.switch",
    ),
    ("pipeline.steps",),
    ("pipeline.cycle",),
    ("pipeline.verbs",),
    ("pipeline.cli",),
)
"""A module may import from its own layer and from those above this line, never from those below."""

HEAVY = {"torch", "transformers", "peft", "accelerate", "safetensors", "vllm", "gguf"}
HEAVY_HOMES = ("pipeline.train", "pipeline.serve")
AGENT_HOME = "pipeline.rollout"
FILES_OF_REPORT = {"pipeline.report.files"}
"""The rim of the report: the one module there that writes."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for folder in ("pipeline", "bot"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "library" in path.parts:
                continue
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(module: str) -> int | None:
    for index, names in enumerate(LAYERS):
        if any(module == name or module.startswith(name + ".") for name in names):
            return index
    return None


MODULES = dict(modules())


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module: str) -> None:
    own = layer(module)
    if module in ("pipeline", "bot") or module.startswith("bot."):
        return
    assert own is not None, f"{module} has no layer; give it one here"
    for name in imports(MODULES[module]):
        other = layer(name)
        assert other is None or other <= own, f"{module} imports {name}, which lies above it"
        assert not name.startswith("bot"), f"{module} imports {name}; the pipeline never knows the bot"


@pytest.mark.parametrize("module", MODULES)
def test_heavy_packages_stay_at_home(module: str) -> None:
    packages = {name.split(".")[0] for name in imports(MODULES[module])}
    if not module.startswith(HEAVY_HOMES):
        assert not packages & HEAVY, f"{module} imports {packages & HEAVY}"
    if not module.startswith(AGENT_HOME):
        assert "minisweagent" not in packages
    if module != "bot.github":
        assert "github" not in packages


@pytest.mark.parametrize("module", MODULES)
def test_only_the_config_reads_the_environment(module: str) -> None:
    if module == "pipeline.config":
        return
    for node in ast.walk(MODULES[module]):
        reads = (
            isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and isinstance(node.ctx, ast.Load)
        )
        if reads and not _is_written_to(node, MODULES[module]):
            raise AssertionError(f"{module}:{node.lineno} reads the environment; ask pipeline.config")


def _is_written_to(node: ast.Attribute, tree: ast.Module) -> bool:
    """True for ``os.environ[...] = ...`` and ``os.environ.setdefault(...)``: setting is not reading."""
    for parent in ast.walk(tree):
        if isinstance(parent, ast.Subscript) and parent.value is node:
            return isinstance(parent.ctx, (ast.Store, ast.Del))
        if isinstance(parent, ast.Attribute) and parent.value is node:
            return parent.attr in ("setdefault", "update", "pop")
    return False


PURE = ("pipeline.patch", "pipeline.cost", "pipeline.decide", "pipeline.report", "pipeline.types", "pipeline.settings")
IO = {"os", "subprocess", "socket", "urllib3", "sqlite3", "sqlite_utils", "git", "shutil", "tempfile", "threading"}


@pytest.mark.parametrize("module", [m for m in MODULES if m.startswith(PURE) and m not in FILES_OF_REPORT])
def test_the_core_does_no_io(module: str) -> None:
    packages = {name.split(".")[0] for name in imports(MODULES[module])}
    assert not packages & IO, f"{module} imports {packages & IO}"
