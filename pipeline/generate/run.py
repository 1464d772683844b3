"""``generate``: from a repository and a teacher to the files of one folder."""

from __future__ import annotations

import contextlib
import functools
import logging
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import InputError
from pipeline.folders import held
from pipeline.generate.base import Base, open_base
from pipeline.generate.chain import Chain
from pipeline.generate.files import Files
from pipeline.generate.functions import Scan, functions_in
from pipeline.generate.functions.filters import candidates
from pipeline.generate.journal import Journal
from pipeline.generate.manifest import Manifest, settle
from pipeline.generate.plan import Target, plan
from pipeline.generate.plan import shard as share
from pipeline.generate.select import RECIPE, Recipe
from pipeline.generate.session import Session
from pipeline.generate.summary import Head, Summary
from pipeline.generate.texts import digest
from pipeline.rollout.agent import Harness, RolloutLimits
from pipeline.rollout.endpoint import Endpoint, Usage
from pipeline.rollout.sandbox import Sandbox
from pipeline.rollout.workspace import Workspaces
from pipeline.settings import GenerateConfig, Price

log = logging.getLogger(__name__)


def generate(
    repo: Path,
    out: Path,
    *,
    samples: int,
    endpoint: Endpoint,
    config: GenerateConfig,
    seed: int,
    concurrency: int,
    shard: tuple[int, int] = (1, 1),
    limit_usd: float | None = None,
    base_sha: str | None = None,
    style_texts: Sequence[str] = (),
    price: Price | None = None,
    prompt: str = "mini",
) -> Summary:
    """Attempt ``samples`` functions of ``repo`` at ``base_sha`` (None: HEAD) and write the files of ``out``.

    ``shard`` is (I, N): share I, 1-based, of N. ``limit_usd`` counts what earlier calls on ``out``
    spent. ``style_texts`` must be older than the base commit (see ``pipeline.generate.style``).
    The same call again goes on where an earlier one ended. Raises InputError for input that cannot
    be used, EndpointError and SandboxUnavailable before anything is run.
    """
    base = open_base(repo, base_sha)
    harness = Harness(
        endpoint,
        Sandbox(),
        tools=config.tools,
        prompt=prompt,
        limits=RolloutLimits(
            steps=config.step_limit,
            seconds=config.time_limit_seconds,
            context_tokens=config.context_tokens,
            output_tokens=config.max_output_tokens,
        ),
        price=price,
        sharing=concurrency,
    )
    _check_limit(limit_usd, harness)
    manifest = _manifest(base, config, samples, seed, shard, endpoint.model, prompt)
    with held(out, "generate"), contextlib.ExitStack() as stack:
        settle(out, manifest)
        scratch = out / ".work"
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        workspaces = Workspaces(base.repo, scratch)
        targets, scan = _targets(base, workspaces, seed, samples, shard)
        journal = stack.enter_context(contextlib.closing(Journal(out)))
        head = _head(base, manifest, len(scan.functions), len(targets))
        files = Files(out, head, targets, scan.left_out, journal, Recipe(keep_recall_from=config.keep_recall_from))
        chain = functools.partial(Chain, base.repo, base.sha, harness, workspaces, journal, style_texts)
        session = Session(targets, journal, limit_usd, chain)
        return session.run(concurrency, files)


def _check_limit(limit_usd: float | None, harness: Harness) -> None:
    if limit_usd is not None and harness.cost(Usage(1, 1, 0), 1.0) is None:
        model = harness.endpoint.model
        raise InputError(
            f"a limit of {limit_usd:g} USD cannot be kept, as {model!r} has no price; add prices.{model} to the "
            "config (usd_per_million_in and usd_per_million_out, or gpu_usd_per_hour), or leave the limit out"
        )


def _manifest(
    base: Base, config: GenerateConfig, samples: int, seed: int, shard: tuple[int, int], teacher: str, prompt: str
) -> Manifest:
    number, count = shard
    if not 1 <= number <= count:
        raise InputError(f"shard {number}/{count}: give I/N with I from 1 to N, such as 1/{max(1, count)}")
    return Manifest(
        repo=base.name,
        base_sha=base.sha,
        seed=seed,
        shard=f"{number}/{count}",
        teacher=teacher,
        tools=config.tools,
        prompt=prompt,
        texts=digest(),
        step_limit=config.step_limit,
        time_limit_seconds=config.time_limit_seconds,
        context_tokens=config.context_tokens,
        max_output_tokens=config.max_output_tokens,
        samples=samples,
    )


def _head(base: Base, manifest: Manifest, functions: int, planned: int) -> Head:
    return Head(
        repo=base.name,
        base_sha=base.sha,
        base_time=base.time,
        teacher=manifest.teacher,
        recipe=RECIPE,
        seed=manifest.seed,
        shard=manifest.shard,
        config_sha256=manifest.sha256,
        functions=functions,
        planned=planned,
    )


def _targets(
    base: Base, workspaces: Workspaces, seed: int, samples: int, shard: tuple[int, int]
) -> tuple[list[Target], Scan]:
    with workspaces.open(base.sha) as workspace:
        found = functions_in(workspace.checkout)
        texts = {f.path: (workspace.checkout / f.path).read_bytes() for f in found.functions}
    usable, dropped = candidates(found.functions, texts)
    scan = Scan(usable, (*found.left_out, *dropped))
    if not usable:
        reasons = Counter(row.reason for row in scan.left_out)
        why = ", ".join(f"{reason} {count}" for reason, count in reasons.items()) or "no file in a known language"
        raise InputError(f"{base.repo}: no function to attempt at {base.sha[:12]} ({why}); see 'switchover functions'")
    planned = plan(usable, texts, where=f"{base.name}@{base.sha}", seed=seed, samples=samples)
    if len(planned) < samples:
        log.warning("%d functions give %d attempts, %d were asked for", len(usable), len(planned), samples)
    return share(planned, *shard), scan
