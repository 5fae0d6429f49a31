"""JSON Schema in few words: what a field is, its limits, its meaning."""

from collections.abc import Sequence
from typing import Any

Schema = dict[str, Any]


def text(meaning: str = "", **more: Any) -> Schema:
    return _of("string", meaning, more)


def whole(meaning: str = "", low: int | None = None, high: int | None = None, **more: Any) -> Schema:
    return _of("integer", meaning, {**_bounds(low, high), **more})


def number(meaning: str = "", low: float | None = None, high: float | None = None, **more: Any) -> Schema:
    return _of("number", meaning, {**_bounds(low, high), **more})


def flag(meaning: str = "", **more: Any) -> Schema:
    return _of("boolean", meaning, more)


def choice(meaning: str, *values: str, **more: Any) -> Schema:
    return _of("string", meaning, {"enum": list(values), **more})


def listed(items: Schema, meaning: str = "", **more: Any) -> Schema:
    return _of("array", meaning, {"items": items, **more})


def numbers(count: int, meaning: str = "") -> Schema:
    """A vector of exactly so many numbers."""
    return listed({"type": "number"}, meaning, minItems=count, maxItems=count)


def either(meaning: str, *schemas: Schema) -> Schema:
    return {"anyOf": list(schemas), **({"description": meaning} if meaning else {})}


def or_null(schema: Schema) -> Schema:
    """The same, or null."""
    kind, allowed = schema.get("type"), schema.get("enum")
    if kind is None:
        return {**schema, "anyOf": [*schema.get("anyOf", []), {"type": "null"}]} if schema.get("anyOf") else schema
    return {**schema, "type": [kind, "null"], **({"enum": [*allowed, None]} if allowed else {})}


def record(needed: Sequence[str] = (), /, **fields: Schema) -> Schema:
    """An object of which `needed` are always there, and which may have other fields."""
    return {"type": "object", "properties": fields, **({"required": list(needed)} if needed else {})}


def whole_record(**fields: Schema) -> Schema:
    """An object that always has all of these fields, and may have more."""
    return record(tuple(fields), **fields)


def lenient(needed: Sequence[str] = (), /, **fields: Schema) -> Schema:
    """A body of which unknown fields are not looked at, and null counts as left out."""
    return record(needed, **{name: schema if name in needed else or_null(schema) for name, schema in fields.items()})


def closed(schema: Schema) -> Schema:
    """An object that has no other fields than those that are named."""
    return {**schema, "additionalProperties": False}


def one_of_needed(schema: Schema, *names: str) -> Schema:
    """An object that has at least one of these fields."""
    return {**schema, "anyOf": [{"required": [name]} for name in names]}


def said(meaning: str, schema: Schema) -> Schema:
    """The same, with what it means."""
    return {**schema, "description": meaning}


def mapping(values: Schema, meaning: str = "") -> Schema:
    return _of("object", meaning, {"additionalProperties": values})


def _of(kind: str, meaning: str, more: dict[str, Any]) -> Schema:
    return {"type": kind, **({"description": meaning} if meaning else {}), **more}


def _bounds(low: float | None, high: float | None) -> dict[str, float]:
    return {
        **({"minimum": low} if low is not None else {}),
        **({"maximum": high} if high is not None else {}),
    }


def events(meaning: str) -> Schema:
    """What each of a stream of server-sent events has."""
    return record(("data",), data=text(meaning), event=text(), id=text())
