"""From what a user asks for (a repository, a teacher, how much) to a run of ``generate``."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline import config as configuration
from pipeline import prices
from pipeline.errors import InputError
from pipeline.generate import style
from pipeline.generate.attempts import Carry, here
from pipeline.generate.base import Base, open_base
from pipeline.generate.run import generate
from pipeline.generate.summary import Summary
from pipeline.rollout import scripted
from pipeline.rollout.endpoint import Endpoint
from pipeline.settings import SCRIPTED, Config, GenerateConfig, Price
from pipeline.store import Store

STYLE_TEXTS = 50
"""Examples to draw from, newest first."""


@dataclass(frozen=True)
class Request:
    """What is to be generated; None leaves the choice to the config."""

    repo: Path
    out: Path
    samples: int | None = None
    concurrency: int | None = None
    shard: tuple[int, int] = (1, 1)
    seed: int = 0
    teacher_url: str | None = None
    teacher_model: str | None = None
    limit_usd: float | None = None
    base_sha: str | None = None
    prompt: str | None = None
    tools: str | None = None
    ray: str | None = None
    """Address of a Ray cluster that carries the rollouts out; None: this machine does."""
    db: Path | None = None
    """Database of ``collect``, for style examples; None: the commit messages before the base."""


def parse_shard(text: str) -> tuple[int, int]:
    """``I/N`` as numbers. Raises InputError for another form, or an I that is not 1 to N."""
    found = re.fullmatch(r"(\d+)/(\d+)", text.strip())
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise InputError(f"--shard {text}: expected I/N with I from 1 to N, as in 1/4")
    return int(found[1]), int(found[2])


def carry_out(request: Request, config: Config) -> Summary:
    """Run ``request``, with ``config`` for what it leaves open. Raises what ``generate`` raises."""
    settings = _settings(config.generate, request)
    carry = _carry(request.ray, settings)
    base = open_base(request.repo, request.base_sha)
    texts = _style_texts(base, request.db)
    with _teacher(settings, request.concurrency) as endpoint:
        return generate(
            request.repo,
            request.out,
            samples=settings.samples,
            endpoint=endpoint,
            config=settings,
            seed=request.seed,
            concurrency=settings.concurrency,
            shard=request.shard,
            limit_usd=settings.limit_usd,
            base_sha=base.sha,
            style_texts=texts,
            price=prices.current(config, endpoint.model) or _free(settings),
            prompt=settings.prompt,
            carry=carry,
        )


def _settings(settings: GenerateConfig, request: Request) -> GenerateConfig:
    """The config with what the request gives; a model asked for by name alone keeps the config's URL."""
    url, model = request.teacher_url or settings.teacher.url, request.teacher_model or settings.teacher.model
    if request.teacher_url is None and SCRIPTED in (request.teacher_model, url):
        url, model = SCRIPTED, SCRIPTED
    if not url:
        raise InputError(
            "no teacher: give --teacher-url URL --teacher-model NAME (or generate.teacher in the config), "
            "or --teacher-model scripted to try the set-up without a model"
        )
    if not model:
        raise InputError(f"no model for the teacher at {url}: name the one it serves with --teacher-model")
    given = {
        key: value
        for key in ("samples", "concurrency", "limit_usd", "prompt", "tools")
        if (value := getattr(request, key)) is not None
    }
    teacher = dataclasses.replace(settings.teacher, url=url, model=model)
    return dataclasses.replace(settings, teacher=teacher, **given)


def _carry(ray: str | None, settings: GenerateConfig) -> Carry:
    if ray is None:
        return here
    from pipeline.generate.cluster import OnRay

    return OnRay(ray, settings.concurrency, is_scripted=settings.teacher.url == SCRIPTED)


@contextlib.contextmanager
def _teacher(settings: GenerateConfig, concurrency: int | None) -> Iterator[Endpoint]:
    with contextlib.ExitStack() as stack:
        url = settings.teacher.url or ""
        is_scripted = url == SCRIPTED
        yield Endpoint(
            stack.enter_context(scripted.serve()) if is_scripted else url,
            settings.teacher.model or SCRIPTED,
            None if is_scripted else configuration.secrets().teacher_key,
            max_output_tokens=settings.max_output_tokens,
            temperature=settings.temperature,
            pool_size=max(128, concurrency or settings.concurrency),
            token_ids=settings.token_ids,
        )


def _free(settings: GenerateConfig) -> Price | None:
    """The scripted model costs nothing; what another one without a price costs is not known."""
    return Price(0.0, 0.0, 0.0) if settings.teacher.url == SCRIPTED else None


def _style_texts(base: Base, db: Path | None) -> list[str]:
    if db is None:
        return style.from_history(base.repo, base.sha)[:STYLE_TEXTS]
    with Store.open(db, must_exist=True) as store:
        issues = sorted(store.issues(base.name).values(), key=lambda issue: -issue.number)
        texts = style.from_issues(issues, base.time) or style.from_pulls(store.pulls(base.name), base.time)
    return texts[:STYLE_TEXTS] or style.from_history(base.repo, base.sha)[:STYLE_TEXTS]
