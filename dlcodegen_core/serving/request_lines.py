"""One line of log a request: JSON for programs, aligned words for people. Never a prompt, a query or a key."""

import json
import logging
import sys
import time
from datetime import UTC, datetime

from dlcodegen_core.inference.live_requests import LiveRequest

logger = logging.getLogger("dlcodegen_core.requests")

LONGEST_PATH = 200


def write(request: LiveRequest, method: str, path: str, key: str) -> None:
    """Log a request that is over. key: the name of the key it showed; empty for none."""
    if logger.isEnabledFor(logging.INFO):
        logger.info("%s", path, extra={"fields": fields_of(request, method, path, key)})


def fields_of(request: LiveRequest, method: str, path: str, key: str) -> dict[str, object]:
    """What is told of a request; what does not apply to it is left out."""
    told: dict[str, object] = {
        "at": datetime.fromtimestamp(request.at, UTC).isoformat(timespec="milliseconds"),
        "id": request.id,
        "key": key or None,
        "method": method[:20],
        "path": path[:LONGEST_PATH],
        "status": request.status,
        "ms": round(request.total_ms, 3),
        "received_bytes": request.received_bytes,
        "sent_bytes": request.sent_bytes,
    }
    if request.answers:
        told |= {"version": request.version, "cached": request.cached, "tokens": request.tokens}
    return {name: value for name, value in told.items() if value is not None}


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(getattr(record, "fields", None) or {"message": record.getMessage()})


class PlainLines(logging.Formatter):
    """For a terminal. A path's control characters are shown as escapes, so that no path can write a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        told = getattr(record, "fields", None)
        if not told:
            return record.getMessage()
        path = "".join(one if one.isprintable() else repr(one)[1:-1] for one in str(told["path"]))
        words = [
            time.strftime("%H:%M:%S", time.localtime(record.created)),
            f"{told['status']} {told['method']} {path}",
            f"{told['ms']:.1f} ms",
        ]
        if "version" in told:
            words.append(f"{told['version']}{' from the cache' if told['cached'] else ''}, {told['tokens']} tokens")
        if "key" in told:
            words.append(f"key {told['key']}")
        return "  ".join([*words, f"[{told['id']}]"])


class _ToStderr(logging.StreamHandler):
    """Ours, to be told apart from the handlers of others."""


def start_writing(log_format: str) -> None:
    """Write the lines to stderr. log_format: json, text, or empty for text on a terminal and JSON elsewhere.

    Only the first call of a process counts.
    """
    if any(isinstance(handler, _ToStderr) for handler in logger.handlers):
        return
    plain = log_format == "text" or (not log_format and sys.stderr.isatty())
    handler = _ToStderr()
    handler.setFormatter(PlainLines() if plain else JsonLines())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
