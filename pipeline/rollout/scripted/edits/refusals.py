"""How a guard refuses a missing argument in Ruby, PHP, C#, Kotlin and shell; None where its type rules that out."""

from __future__ import annotations

import re
from collections.abc import Callable

from pipeline.rollout.scripted.parameters import Parameter

Refusal = Callable[[Parameter, str, str], "list[str] | None"]
"""Takes the parameter, what to say, and one level of indentation; gives the lines at the margin of the body."""


def _ruby(parameter: Parameter, reason: str, unit: str) -> list[str] | None:
    return [f'raise ArgumentError, "{reason}" if {parameter.name}.nil?']


def _php(parameter: Parameter, reason: str, unit: str) -> list[str] | None:
    kind = parameter.type.lower()
    nullable = kind in ("", "mixed") or kind.startswith("?") or "null" in kind.split("|")
    empty = "null" if nullable else {"string": "''", "array": "[]"}.get(kind)
    if empty is None:
        return None
    refuse = f"{unit}throw new \\InvalidArgumentException('{reason}');"
    return [f"if (${parameter.name} === {empty}) {{", refuse, "}"]


def _csharp(parameter: Parameter, reason: str, unit: str) -> list[str] | None:
    """Only for types that are no structs for certain, which cannot be compared with null."""
    kind = re.sub(r"^(?:this|in|params) ", "", parameter.type)
    is_object = re.fullmatch(r"string|object|I[A-Z][\w.]*(?:<.*>)?|(?:List|Dictionary|Func|Action)<.*>|.*\[\]", kind)
    if is_object is None:
        return None
    refuse = f'{unit}throw new System.ArgumentNullException(nameof({parameter.name}), "{reason}");'
    return [f"if ({parameter.name} == null)", "{", refuse, "}"]


def _kotlin(parameter: Parameter, reason: str, unit: str) -> list[str] | None:
    name, kind = parameter.name, parameter.type
    if kind.endswith("?"):
        return [f'requireNotNull({name}) {{ "{reason}" }}']
    sized = re.fullmatch(r"String|CharSequence|(?:Mutable)?(?:List|Set|Map|Collection)<.*>|Array<.*>|\w+Array", kind)
    return [f'require({name}.isNotEmpty()) {{ "{reason}" }}'] if sized else None


def _shell(parameter: Parameter, reason: str, unit: str) -> list[str] | None:
    position = parameter.type.removeprefix("$")
    return [f'if [ -z "${{{position}:-}}" ]; then', f'{unit}echo "{reason}" >&2', f"{unit}return 1", "fi"]


REFUSALS: dict[str, Refusal] = {"ruby": _ruby, "php": _php, "csharp": _csharp, "kotlin": _kotlin, "shell": _shell}
"""By language."""
