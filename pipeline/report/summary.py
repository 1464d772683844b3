"""What a verb has printed, for the job that ran it: a table and a picture for its summary, and its outputs.

Pure. Whatever the result says is data: inert in the Markdown, and behind a boundary that nobody can guess
in the outputs. Pictures are Mermaid charts, the only ones that a job's summary draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.report.inert import inline

MOST_BYTES = 900_000
"""A step's summary may have 1 MiB."""

PLACES = ("evaluations", "report", "out", "path")
"""Fields that name where results lie, the most telling first."""

ROLES = ("own", "base", "frontier")

CARD = ("base", "samples", "steps", "first_loss", "loss", "trained_until", "gpu_hours", "cost_usd")
"""What a summary tells of an adapter's card."""


def summary(verb: str, result: Mapping[str, Any]) -> str:
    """Markdown for a job's summary."""
    facts = _steps(result) if verb == "status" else _facts(result)
    rows = [f"| {name} | {value} |" for name, value in facts]
    head = f"### Switchover: {inline(verb)}" + (f", {inline(str(result['state']))}" if result.get("state") else "")
    parts = [head]
    if rows:
        parts.append("\n".join(["| | |", "|---|---|", *rows]))
    if reasons := result.get("reasons"):
        parts.append("\n".join(f"- {inline(str(reason))}" for reason in reasons))
    if gates := _gates(result):
        parts.append(gates)
    if chart := _scores(result):
        parts.append(chart)
    return "\n\n".join(parts).encode()[:MOST_BYTES].decode(errors="ignore") + "\n"


def _facts(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in result.items():
        if name == "state" or value is None:
            continue
        if isinstance(value, bool | int | float | str):
            yield inline(name), _scalar(value)
        elif isinstance(value, list) and value and all(isinstance(v, int) for v in value):
            yield inline(name), inline(", ".join(map(str, value)))
        elif name == "card" and isinstance(value, Mapping):
            yield "adapter's card", _listed({key: value.get(key) for key in CARD})
        elif isinstance(value, Mapping) and value and all(isinstance(v, int | float) for v in value.values()):
            yield inline(name), ", ".join(f"{inline(str(key))} {number:g}" for key, number in value.items())


def _steps(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A row for each step that ``status`` tells of."""
    for name, value in result.items():
        if isinstance(value, Mapping) and (said := _listed(value)):
            yield inline(name), said


def _listed(values: Mapping[str, Any]) -> str:
    known = {key: value for key, value in values.items() if isinstance(value, bool | int | float | str) and value != ""}
    return ", ".join(f"{inline(str(key))} {_scalar(value)}" for key, value in known.items())


def _scalar(value: float | str) -> str:
    return inline(f"{value:.4g}" if isinstance(value, float) else str(value))


def _gates(result: Mapping[str, Any]) -> str:
    """What an adapter's gates found, as a table; "" where the result has none."""
    record = result.get("gates")
    found = record.get("gates") if isinstance(record, Mapping) else None
    rows = [gate for gate in found or () if isinstance(gate, Mapping)] if isinstance(found, list | tuple) else []
    lines = [
        f"| {inline(str(gate.get('name')))} | {'passed' if gate.get('passed') else 'failed'}"
        f" | {inline(str(gate.get('why')), 300)} |"
        for gate in rows
    ]
    return "\n".join(["| gate | | |", "|---|---|---|", *lines]) if lines else ""


def _scores(result: Mapping[str, Any]) -> str:
    """Mean scores by role as a bar chart; "" where the result has none."""
    found = {role: result[role].get("score") for role in ROLES if isinstance(result.get(role), Mapping)}
    known = {role: score for role, score in found.items() if isinstance(score, int | float)}
    if not known:
        return ""
    bars = ", ".join(f"{score:.3f}" for score in known.values())
    lines = ("xychart-beta", '  title "Mean score"', f"  x-axis [{', '.join(known)}]", "  y-axis 0 --> 1")
    return "\n".join(["```mermaid", *lines, f"  bar [{bars}]", "```"])


def outputs(result: Mapping[str, Any], text: str, url: str, boundary: str) -> str:
    """Lines for ``GITHUB_OUTPUT``; ``text`` is the result as it was printed."""
    place = next((str(result[name]) for name in PLACES if isinstance(result.get(name), str)), "")
    values = {"state": str(result.get("state") or ""), "path": place, "url": url, "result": text.strip()}
    return "".join(f"{name}<<{boundary}\n{value}\n{boundary}\n" for name, value in values.items())
