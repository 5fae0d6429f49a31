"""One operation of the HTTP interface: what is sent, what comes back, what may go wrong."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dlcodegen_core.serving.described.shapes import Schema, text, whole

JSON = "application/json"
EVENTS = "text/event-stream"
LINES = "application/x-ndjson"
PLAIN = "text/plain"
BYTES = "application/octet-stream"

REFUSED = (
    "The request was refused, and a sentence says what to change. 400: what was sent does not fit. 401: the key is "
    "missing or wrong. 403: the host or the origin is not one that is answered. 404: there is no such thing, or "
    "nothing was trained yet. 408, 413, 414: the body or the address takes too long or is too large. 429: too many "
    "requests; Retry-After says when to ask again."
)
MAY_PASS = (
    "It cannot be answered now, and may be soon: too many requests wait, the embedder is away or the disk is full. "
    "Where it is known when to ask again, Retry-After says so."
)
RETRY_AFTER = {"Retry-After": {"description": "In so many seconds it is worth asking again.", "schema": whole(low=0)}}
_CONVERTER = re.compile(r":\w+\}")


@dataclass(frozen=True, slots=True)
class Reply:
    """What comes back with a status. content: media type -> its schema; empty where there is no body."""

    meaning: str
    content: Mapping[str, Schema] = field(default_factory=dict)
    example: Any = None
    status: int = 200
    headers: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        content: dict[str, Any] = {media: {"schema": schema} for media, schema in self.content.items()}
        if self.example is not None:
            first = next(iter(content))
            content[first]["example"] = self.example
        found: dict[str, Any] = {"description": self.meaning}
        if self.headers:
            found["headers"] = dict(self.headers)
        return {**found, "content": content} if content else found


@dataclass(frozen=True, slots=True)
class Operation:
    """path: as the router has it, converters included. body: the schema of what is sent, None for nothing.

    error: the schema in which this protocol tells of an error; errors: media type of it.
    """

    method: str
    path: str
    tag: str
    summary: str
    description: str
    replies: tuple[Reply, ...]
    error: Schema
    body: Schema | None = None
    example: Any = None
    parameters: tuple[dict[str, Any], ...] = ()
    needs_key: bool = True

    @property
    def plain_path(self) -> str:
        """The path as OpenAPI has it."""
        return _CONVERTER.sub("}", self.path)

    @property
    def id(self) -> str:
        return "_".join([self.method.lower(), *re.findall(r"\w+", self.plain_path.replace("-", "_"))])

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "description": self.description,
        }
        if self.parameters:
            found["parameters"] = list(self.parameters)
        if self.body is not None:
            content = {"schema": self.body, **({"example": self.example} if self.example is not None else {})}
            found["requestBody"] = {"required": True, "content": {JSON: content}}
        refused = {
            "4XX": Reply(REFUSED, {JSON: self.error}, headers=RETRY_AFTER),
            "503": Reply(MAY_PASS, {JSON: self.error}, headers=RETRY_AFTER),
        }
        replies = {str(reply.status): reply for reply in self.replies}
        found["responses"] = {status: reply.to_json() for status, reply in {**replies, **refused, **replies}.items()}
        if not self.needs_key:
            found["security"] = []
        return found


def in_path(name: str, meaning: str, schema: Schema | None = None, example: Any = None) -> dict[str, Any]:
    """A part of the path."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": meaning,
        "schema": schema or text(),
        **({"example": example} if example is not None else {}),
    }


def in_query(name: str, meaning: str, schema: Schema) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": meaning, "schema": schema}


def in_header(name: str, meaning: str, schema: Schema) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": meaning, "schema": schema}


EDITOR_SESSION = in_header(
    "X-Editor-Session",
    "Who types. A newer request of the same session ends the older one, so that nobody waits for what is outdated.",
    text(maxLength=200, pattern="^[ -~]*$"),
)
