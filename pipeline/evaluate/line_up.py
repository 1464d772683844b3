"""Who takes part: ``ROLE=URL#NAME`` and ``ROLE=command:NAME`` to contenders and to what makes their attempts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import config as configuration
from pipeline import prices
from pipeline.config import Config
from pipeline.errors import InputError
from pipeline.evaluate.arms import Arm, OtherAgent, OwnHarness
from pipeline.evaluate.plan import ROLES, Contender
from pipeline.evaluate.questions import Judge
from pipeline.rollout.agent import Harness, RolloutLimits
from pipeline.rollout.copies import installed, names_of
from pipeline.rollout.endpoint import Endpoint
from pipeline.rollout.external import CommandAgent
from pipeline.rollout.sandbox import Limits, Sandbox
from pipeline.settings import SCRIPTED, AgentConfig
from pipeline.train.card import AdapterCard
from pipeline.trees import CommitTree
from pipeline.types import Role

COMMAND = "command:"
"""Before the name of an agent of ``evaluate.agents``, in place of a URL."""

_SCHEMES = ("http://", "https://", "anthropic+http://", "anthropic+https://")


@dataclass(frozen=True)
class Model:
    """An endpoint and the name that it serves a model under; for an agent command, ``command:NAME`` and ""."""

    url: str
    name: str


@dataclass(frozen=True)
class Project:
    """The repository's own code as it may be installed on this machine."""

    names: frozenset[str] = frozenset()
    hidden: tuple[Path, ...] = ()
    """Copies that no sandbox shows."""


def project_of(clone: Path, repo: str) -> Project:
    """What the newest commit of ``clone`` tells."""
    names = names_of(CommitTree(clone, "HEAD"), repo)
    return Project(names, installed(names))


def parse_models(texts: Sequence[str]) -> dict[Role, Model]:
    """Texts by role. Raises InputError for another form, or a role given twice."""
    models: dict[Role, Model] = {}
    for text in texts:
        role, _, rest = text.partition("=")
        if _role(role, f"--model {text}") in models:
            raise InputError(f"--model {text}: {role} is given twice; keep one")
        models[_role(role, f"--model {text}")] = _model(text, rest)
    return models


def _model(text: str, rest: str) -> Model:
    if rest.startswith(COMMAND) and len(rest) > len(COMMAND):
        return Model(rest, "")
    url, _, name = rest.rpartition("#")
    if url == "" and name == SCRIPTED:
        url = SCRIPTED
    if not url or not name or not (url == SCRIPTED or url.startswith(_SCHEMES)):
        raise InputError(
            f"--model {text}: expected ROLE=URL#NAME, as in own=http://127.0.0.1:8001/v1#own, or ROLE=command:NAME"
        )
    return Model(url, name)


def parse_attempts(texts: Sequence[str]) -> dict[Role, int]:
    """``ROLE=K`` texts by role, K from 1 on. Raises InputError for another form."""
    attempts: dict[Role, int] = {}
    for text in texts:
        role, _, number = text.partition("=")
        if re.fullmatch(r"[1-9][0-9]{0,5}", number) is None:
            raise InputError(f"--attempts {text}: expected ROLE=K with K from 1 on, as in own=2")
        attempts[_role(role, f"--attempts {text}")] = int(number)
    return attempts


def _role(text: str, where: str) -> Role:
    if text not in ROLES:
        raise InputError(f"{where}: unknown role {text!r}; one of {', '.join(ROLES)}")
    return text


def agent_of(model: Model, config: Config) -> tuple[str, AgentConfig] | None:
    """Name and settings of a ``command:NAME``; None for an endpoint. Raises InputError for an unknown name."""
    if not model.url.startswith(COMMAND):
        return None
    name, agents = model.url.removeprefix(COMMAND), config.evaluate.agents
    if name not in agents:
        known = ", ".join(sorted(agents)) or "none"
        raise InputError(f"{model.url}: no such agent in evaluate.agents (there: {known}); add it to the config")
    return name, agents[name]


def contenders(
    models: Mapping[Role, Model], attempts: Mapping[Role, int], config: Config, card: AdapterCard | None
) -> list[Contender]:
    """``attempts``: where given, in place of the config's."""
    rows = []
    for role, model in models.items():
        agent = agent_of(model, config)
        rows.append(
            Contender(
                role,
                (agent[1].model or agent[0]) if agent else model.name,
                attempts.get(role, getattr(config.evaluate.attempts, role)),
                card.sha256 if card and role == "own" else None,
                model.url == SCRIPTED,
                agent[0] if agent else "",
            )
        )
    return rows


def arm(role: Role, model: Model, config: Config, project: Project) -> Arm:
    """What makes the attempts of ``role``; the same limits for all."""
    agent = agent_of(model, config)
    if agent is None:
        return OwnHarness(harness(role, model, config, project))
    name, settings = agent
    command = CommandAgent(
        name,
        settings,
        seconds=config.evaluate.time_limit_seconds,
        key=_key(role) if settings.url else None,
        price=prices.current(config, settings.model or name),
        project=project.names,
        hidden=project.hidden,
    )
    return OtherAgent(command)


def harness(role: Role, model: Model, config: Config, project: Project) -> Harness:
    """The same harness for every role; only endpoint, key and price differ."""
    settings = config.evaluate
    limits = RolloutLimits(
        steps=settings.step_limit,
        seconds=settings.time_limit_seconds,
        context_tokens=settings.context_tokens,
        output_tokens=settings.max_output_tokens,
    )
    return Harness(
        endpoint=_endpoint(model.url, model.name, _key(role), config),
        sandbox=Sandbox(Limits(seconds=limits.command_seconds), hidden=project.hidden),
        tools=settings.tools,
        prompt=settings.prompt,
        limits=limits,
        price=prices.current(config, model.name),
        project=project.names,
        sharing=settings.concurrency,
    )


def _endpoint(url: str, name: str, key: str | None, config: Config) -> Endpoint:
    settings = config.evaluate
    return Endpoint(
        url, name, key, max_output_tokens=settings.max_output_tokens, temperature=settings.temperature
    )  # fmt: skip


def _key(role: Role) -> str | None:
    secrets = configuration.secrets()
    return {"own": secrets.own_key, "base": secrets.own_key, "frontier": secrets.frontier_key}.get(role)


def judge_of(config: Config) -> Judge | None:
    """The configured judge; None when there is none. Raises InputError for a URL without a model."""
    settings = config.evaluate.judge
    if settings.url is None:
        return None
    if settings.model is None:
        raise InputError("evaluate.judge: 'model' is missing; name the model that is to compare the patches")
    endpoint = _endpoint(settings.url, settings.model, configuration.secrets().judge_key, config)
    return Judge(endpoint, prices.current(config, settings.model))
