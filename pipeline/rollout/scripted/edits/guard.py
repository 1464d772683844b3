"""A guard clause: refuse a missing argument at the top of the function."""

from __future__ import annotations

import re

from pipeline.rollout.scripted.code import Code, Edit
from pipeline.rollout.scripted.edits.refusals import REFUSALS
from pipeline.rollout.scripted.parameters import Parameter


def offer(code: Code, target: str | None, variant: int) -> Edit | None:
    """Guard ``target``, or the first parameter that can be missing and is not yet checked."""
    text = "\n".join(code.lines)
    open_ = [p for p in code.parameters if p.required and _clause(code, p, 0) and not _is_checked(p, text)]
    named = [p for p in open_ if p.name == target] or open_
    if variant == 2:
        named = [p for p in open_ if p.name != target]
    if not named:
        return None
    parameter = named[0]
    clause = _clause(code, parameter, variant) or []
    thought = f"`{parameter.name}` may be missing, and nothing here notices. I refuse that at the top."
    return Edit("guard", parameter.name, thought, code.body, code.body - 1, tuple(code.indent + x for x in clause))


_CHECKS = (
    r"\bNAME\s*(?:is\s|[=!]==?\s*(?:null|nil|undefined|NULL|None))",
    r"not NAME\b|!\$?NAME\b",
    r"\bNAME(?:\.nil\?|\.is(?:Not)?Empty\(|\.is(?:Not)?Blank\()|\brequireNotNull\(NAME\b|\bunless NAME\b",
    r"\b(?:empty|isset|is_null)\(\$NAME\b|\$NAME\s*[=!]==?\s*(?:''|\[\])|\bIsNullOr\w+\(NAME\b",
    r"-[nz]\s+[\"']?\$\{?(?:NAME|PLACE)\b|\$\{(?:NAME|PLACE):\?|\$#",
)
"""Ways to notice that a NAME is missing; PLACE is its number among the arguments of a shell function."""


def _is_checked(parameter: Parameter, text: str) -> bool:
    place = parameter.type[1:] if re.fullmatch(r"\$\d", parameter.type) else "0"
    pattern = "|".join(_CHECKS[:4] if place == "0" else _CHECKS)
    return re.search(pattern.replace("NAME", re.escape(parameter.name)).replace("PLACE", place), text) is not None


def _clause(code: Code, parameter: Parameter, variant: int) -> list[str] | None:
    unit, name, type_ = code.unit, parameter.name, parameter.type
    reason = f"{name} must not be missing" if variant == 1 else f"{name} is required"
    if code.language in REFUSALS:
        return REFUSALS[code.language](parameter, reason, unit)
    match code.language:
        case "python":
            if re.search(r"None|Optional|\bobject\b|\bAny\b", type_):
                return None
            return [f"if {name} is None:", f'{unit}raise {"TypeError" if variant else "ValueError"}("{reason}")']
        case "javascript" | "typescript":
            if re.search(r"null|undefined|any|unknown", type_):
                return None
            return [f"if ({name} === undefined || {name} === null) {{", f'{unit}throw new TypeError("{reason}");', "}"]
        case "go":
            return (
                [f"if {name} == nil {{", f'{unit}panic("{reason}")', "}"]
                if re.match(r"\*|func\(|map\[", type_)
                else None
            )
        case "java":
            kind = "NullPointerException" if variant else "IllegalArgumentException"
            is_object = re.match(r"[A-Z]", type_) and "Optional" not in type_ and not _is_constructor(code)
            return [f"if ({name} == null) {{", f'{unit}throw new {kind}("{reason}");', "}"] if is_object else None
        case "rust":
            sized = re.match(r"&(?:'\w+ )?(?:mut )?(?:str|\[)|String\b|Vec<|&(?:mut )?Vec<", type_)
            return [f'debug_assert!(!{name}.is_empty(), "{reason}");'] if sized else None
        case _:
            back = _c_return(code)
            return (
                [f"if (!{name}) {{", f"{unit}return{back};", "}"] if type_.endswith("*") and back is not None else None
            )


def _is_constructor(code: Code) -> bool:
    """A call of this or super must stay the first statement of a constructor."""
    return (
        re.match(r"\s*(?:this|super)\s*\(", code.line(code.body)) is not None
        if code.body - code.first < len(code.lines)
        else False
    )


def _c_return(code: Code) -> str | None:
    """What a C function gives back when it refuses: with a leading blank, "" for void, None if unknown."""
    head = code.lines[0].split(code.name)[0]
    if "*" in head:
        return " 0"
    if re.search(r"\bvoid\b", head):
        return ""
    return " -1" if re.search(r"\b(?:int|long|ssize_t)\b", head) and "unsigned" not in head else None
