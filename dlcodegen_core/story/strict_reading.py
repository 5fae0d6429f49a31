"""Reads frozen dataclasses from plain JSON values that may come from anybody, by the dataclasses' own types.

Every name must be there and known (one with a default may be missing), every value of its type and of a bounded size.
Knows the types that such data needs: text, numbers, truth values, literals, optional values, tuples, mappings from
text to numbers, and dataclasses of these. Knows nothing of stories.
"""

import dataclasses
import math
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

MAX_TEXT = 20_000
MAX_ENTRIES = 5_000
MAX_WHOLE = 2**53

T = TypeVar("T")


class Unreadable(ValueError):
    """A value that cannot be what it should; says where it stands and what is wrong."""


def read_strictly(kind: type[T], value: object, where: str) -> T:
    """The value as a dataclass of this kind. where: what to call it. Raises Unreadable."""
    result: T = _read(kind, value, where)
    return result


def _read(kind: Any, value: object, where: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return None if value is None else _read(next(part for part in get_args(kind) if part is not types.NoneType),
                                                value, where)  # fmt: skip
    if origin is Literal:
        if not isinstance(value, str) or value not in get_args(kind):
            raise Unreadable(f"{where} is none of: {', '.join(get_args(kind))}")
        return value
    if origin is tuple:
        return _tuple(get_args(kind)[0], value, where)
    if origin is Mapping:
        return _mapping(value, where)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, value, where)
    return _SIMPLE[kind](value, where)


def _dataclass(kind: Any, value: object, where: str) -> Any:
    if not isinstance(value, dict):
        raise Unreadable(f"{where} is no JSON object")
    types_of = _types_of(kind)
    needed = {field.name for field in dataclasses.fields(kind) if field.default is dataclasses.MISSING}
    if missing := sorted(needed - set(value)):
        raise Unreadable(f"{where} lacks {', '.join(missing)}")
    if unknown := [name for name in value if name not in types_of]:
        raise Unreadable(f"{where} has {len(unknown)} entries that are not known")
    try:
        return kind(**{name: _read(types_of[name], part, f"{where}.{name}") for name, part in value.items()})
    except Unreadable:
        raise
    except ValueError as exc:
        raise Unreadable(f"{where}: {exc}") from exc


@cache
def _types_of(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _tuple(kind: Any, value: object, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise Unreadable(f"{where} is no list")
    _check_size(len(value), where)
    return tuple(_read(kind, part, f"{where}[{place}]") for place, part in enumerate(value))


def _mapping(value: object, where: str) -> dict[str, float]:
    if not isinstance(value, dict):
        raise Unreadable(f"{where} is no JSON object")
    _check_size(len(value), where)
    return {_text(name, f"a name in {where}"): _number(part, f"a value in {where}") for name, part in value.items()}


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise Unreadable(f"{where} is no text")
    if len(value) > MAX_TEXT:
        raise Unreadable(f"{where} has {len(value):,} characters, more than {MAX_TEXT:,}")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise Unreadable(f"{where} holds a character that is no text")
    return value


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable(f"{where} is no number")
    if not math.isfinite(value) or abs(value) > MAX_WHOLE:
        raise Unreadable(f"{where} is no number of a sensible size")
    return float(value)


def _whole(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_WHOLE:
        raise Unreadable(f"{where} is no whole number from 0 on")
    return value


def _truth(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise Unreadable(f"{where} is neither true nor false")
    return value


def _check_size(entries: int, where: str) -> None:
    if entries > MAX_ENTRIES:
        raise Unreadable(f"{where} has {entries:,} entries, more than {MAX_ENTRIES:,}")


_SIMPLE: Mapping[Any, Any] = {str: _text, float: _number, int: _whole, bool: _truth}
