"""A Config from the text of ``.github/switchover.yml``. Pure.

What a value may be is told by the dataclasses of ``pipeline.settings``; every error names the file,
the key, the value and what to write instead.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

from pipeline.errors import InputError
from pipeline.recipes import with_recipe
from pipeline.settings import Config, TrainConfig


def parse(text: str, where: str = "config") -> Config:
    """A Config from YAML text; ``where`` names the file in errors. Raises InputError."""
    import yaml  # costs 15 ms that --help need not pay

    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        said = " ".join(str(error).split()).replace('in "<unicode string>", ', "at ")
        raise InputError(f"{where}: not YAML, mend it: {said}") from None
    except ValueError as error:  # 2025-02-30 unquoted
        raise InputError(f"{where}: a date that does not exist ({error}); write it as 2025-01-31") from None
    return _section(Config, {} if data is None else data, where, "")  # type: ignore[no-any-return]


def _section(kind: type, data: Any, where: str, key: str) -> Any:
    if not isinstance(data, dict):
        raise InputError(f"{where}: {key or 'the file'}: expected keys and values, got {data!r}")
    hints = typing.get_type_hints(kind)
    for name in data:
        if name not in hints:
            raise InputError(_unknown(where, key, name, hints))
    if kind is TrainConfig:
        data = _recipe(data, where, key)
    values = {name: _value(hints[name], data[name], where, f"{key}.{name}".strip(".")) for name in data}
    missing = next((f.name for f in dataclasses.fields(kind) if f.name not in values and not _has_default(f)), None)
    if missing:
        raise InputError(f"{where}: {key}: {missing!r} is missing; give it a value")
    return kind(**values)


def _recipe(data: Mapping[str, Any], where: str, key: str) -> dict[str, Any]:
    try:
        return with_recipe(data)
    except InputError as error:
        raise InputError(f"{where}: {key}.recipe: {error}") from None


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _unknown(where: str, key: str, name: object, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
    inside = f" in {key!r}" if key else ""
    return f"{where}: unknown key {name!r}{inside}; {hint}"


def _value(hint: Any, value: Any, where: str, key: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return _section(hint, value, where, key)  # type: ignore[arg-type]
    if origin in (types.UnionType, typing.Union):
        inner = next(a for a in args if a is not type(None))
        return None if value is None else _value(inner, value, where, key)
    if origin is tuple:
        return _list(args[0], value, where, key)
    if origin is Literal:
        if value not in args:
            raise InputError(f"{where}: {key}: {value!r} is not one of {', '.join(map(str, args))}")
        return value
    if origin is not None:  # Mapping[str, Price]
        if not isinstance(value, dict):
            raise InputError(f"{where}: {key}: expected keys and values, got {value!r}")
        return {str(k): _value(args[1], v, where, f"{key}.{k}") for k, v in value.items()}
    return _scalar(hint, value, where, key)


def _list(hint: Any, value: Any, where: str, key: str) -> tuple[Any, ...]:
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, list):
            raise InputError(f"{where}: {key}: expected a list, got {value!r}")
    elif not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f"{where}: {key}: expected a list of texts, got {value!r}")
    return tuple(_value(hint, item, where, f"{key}[{number}]") for number, item in enumerate(value))


_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def _scalar(hint: type, value: Any, where: str, key: str) -> Any:
    import datetime

    if hint is str and isinstance(value, datetime.date):  # YAML turns 2025-01-01 into a date
        return value.isoformat()
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise InputError(f"{where}: {key}: expected {_WORDS[hint]}, got {value!r}")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        _check_range(key, value, where)
    if isinstance(value, str):
        _check_text(key, value, where)
    return value


_UNIT_RANGE = {"decide.margin", "decide.error_chance", "generate.keep_recall_from", "evaluate.memorised_from"}


def _check_range(key: str, value: float, where: str) -> None:
    least = 1 if isinstance(value, int) else 0  # whole numbers are counts, of which none makes no sense
    if not math.isfinite(value):
        raise InputError(f"{where}: {key}: {value} is not a finite number; give one, or leave the key out")
    if value < least:
        raise InputError(f"{where}: {key}: {value} is below {least}; give {least} or more")
    if key in _UNIT_RANGE and value > 1:
        raise InputError(f"{where}: {key}: {value} is above 1; it is a share, so 5 points are 0.05")


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(T.*)?")
_ROUTE = re.compile(r"own|frontier|canary=(0?\.\d+)")


def _check_text(key: str, value: str, where: str) -> None:
    if key.endswith(("since", "knowledge_until")) and not _is_date(value):
        raise InputError(f"{where}: {key}: {value!r} is not a date; write it as 2025-01-31")
    if key == "serve.route" and not _ROUTE.fullmatch(value):
        raise InputError(f"{where}: {key}: {value!r} is no route; give own, frontier or canary=SHARE, as canary=0.1")


def _is_date(text: str) -> bool:
    import datetime

    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        return False
    return bool(_DATE.fullmatch(text))
