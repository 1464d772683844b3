"""``generate``: from a repository and a teacher to the files of one folder."""

from __future__ import annotations

import contextlib
import functools
import shutil
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import InputError
from pipeline.folders import held
from pipeline.generate.attempts import Carry, here
from pipeline.generate.base import Base, open_base
from pipeline.generate.chain import Chain
from pipeline.generate.files import Files
from pipeline.generate.journal import Journal
from pipeline.generate.listing import listing
from pipeline.generate.manifest import Manifest, replace_lines, settle, weights_text
from pipeline.generate.money.lost import count_lost
from pipeline.generate.money.opening import open_meter
from pipeline.generate.money.past import past
from pipeline.generate.progress import snapshot
from pipeline.generate.select import recipe_of
from pipeline.generate.session import Session
from pipeline.generate.summary import Head, Summary
from pipeline.generate.targets import Draw, draw_of, targets
from pipeline.generate.texts import digest
from pipeline.rollout.agent import Harness, RolloutLimits
from pipeline.rollout.endpoint import Endpoint, Usage
from pipeline.rollout.sandbox import Sandbox
from pipeline.rollout.workspace import Workspaces
from pipeline.settings import GenerateConfig, Price


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
    carry: Carry = here,
) -> Summary:
    """Attempt ``samples`` functions of ``repo`` at ``base_sha`` (None: HEAD) and write the files of ``out``.

    ``shard`` is (I, N): share I, 1-based, of N. ``limit_usd`` counts what earlier calls on ``out``
    spent. ``style_texts`` must be older than the base commit (see ``pipeline.generate.style``).
    ``carry`` says where rollouts are carried out (``pipeline.generate.cluster``: on other machines).
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
            usd=config.limit_usd_per_rollout,
            tokens=config.limit_tokens_per_rollout,
        ),
        price=price,
        sharing=concurrency,
    )
    _check_limit(limit_usd, harness)
    _check_limit(config.limit_usd_per_rollout, harness)
    draw = draw_of(config, samples, seed, shard)
    manifest = _manifest(base, config, draw, endpoint.model, prompt)
    with held(out, "generate"), contextlib.ExitStack() as stack:
        scratch = out / ".work"
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        workspaces = Workspaces(base.repo, scratch)
        planned, scan = targets(base, workspaces, draw)
        settle(out, manifest)  # a repository with nothing to attempt claims no folder
        replace_lines(out / "targets.jsonl", listing(planned))
        journal = stack.enter_context(contextlib.closing(Journal(out)))
        count_lost(out / snapshot.NAME, journal)
        meter = open_meter(harness, journal.ledger, limit_usd)
        head = _head(base, manifest, config.selection, len(scan.functions), len(planned))
        left_out = scan.left_out[shard[0] - 1 :: shard[1]]  # shared out, so that shards add up to the whole
        files = Files(out, head, planned, left_out, journal, recipe_of(config))
        attempts = stack.enter_context(carry(workspaces, harness, base.sha))
        chain = functools.partial(Chain, base.repo, base.sha, harness, attempts, journal, style_texts, meter=meter)
        session = Session(planned, journal, files, chain, concurrency, past(out, manifest.sha256))
        return session.run()


def _check_limit(limit_usd: float | None, harness: Harness) -> None:
    if limit_usd is not None and harness.cost(Usage(1, 1, 0), 1.0) is None:
        model = harness.endpoint.model
        raise InputError(
            f"a limit of {limit_usd:g} USD cannot be kept, as {model!r} has no price; add prices.{model} to the "
            "config (usd_per_million_in and usd_per_million_out, or gpu_usd_per_hour), or leave the limit out"
        )


def _manifest(base: Base, config: GenerateConfig, draw: Draw, teacher: str, prompt: str) -> Manifest:
    number, count = draw.shard
    if not 1 <= number <= count:
        raise InputError(f"shard {number}/{count}: give I/N with I from 1 to N, such as 1/{max(1, count)}")
    return Manifest(
        repo=base.name,
        base_sha=base.sha,
        seed=draw.seed,
        shard=f"{number}/{count}",
        teacher=teacher,
        tools=config.tools,
        prompt=prompt,
        texts=digest(draw.extra),
        step_limit=config.step_limit,
        time_limit_seconds=config.time_limit_seconds,
        context_tokens=config.context_tokens,
        max_output_tokens=config.max_output_tokens,
        samples=draw.samples,
        kinds=draw.kinds,
        weights=weights_text(draw.weights),
        limit_usd_per_rollout=config.limit_usd_per_rollout,
        limit_tokens_per_rollout=config.limit_tokens_per_rollout,
    )


def _head(base: Base, manifest: Manifest, recipe: str, functions: int, planned: int) -> Head:
    return Head(
        repo=base.name,
        base_sha=base.sha,
        base_time=base.time,
        teacher=manifest.teacher,
        recipe=recipe,
        seed=manifest.seed,
        shard=manifest.shard,
        config_sha256=manifest.sha256,
        functions=functions,
        planned=planned,
    )
