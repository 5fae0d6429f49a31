"""Dataset files in the seed format: one JSON object with the parallel arrays `inputs` and `targets`.

`languages`, `sources`, `lines`, `kinds`, `commits` and `suffixes` may stand beside them and are written only where a
pair has one, so that a file made here loads in any other program that reads the format.
"""

import json
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dlcodegen_core.data.pairs import Pair, check_pairs
from dlcodegen_core.errors import DatasetError

MAX_FILE_BYTES = 200_000_000
SHAPE = '{"inputs": ["…"], "targets": ["…"]}'
_JSON_NAMES = {"NoneType": "null", "str": "a text", "int": "a number", "float": "a number", "bool": "true or false"}
_EXTRAS = {
    "languages": ("language", str),
    "sources": ("source", str),
    "lines": ("line", int),
    "kinds": ("kind", str),
    "commits": ("commit", str),
    "suffixes": ("suffix", str),
}


def read_dataset_file(path: Path) -> list[Pair]:
    """Read a dataset file. Raises DatasetError naming the file, and the pair where one is at fault."""
    if "\0" in str(path):
        raise DatasetError(f"{str(path)!r} cannot be a path. Check it, or give the name of a stored dataset.")
    if path.is_dir():
        raise DatasetError(f"{path} is a folder. Give the dataset file in it.")
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise DatasetError(f"{path} is a device or a pipe. Give a file.")
        if status.st_size > MAX_FILE_BYTES:
            raise DatasetError(
                f"{path.name} is larger than {MAX_FILE_BYTES // 1_000_000} MB. Split it into several files."
            )
        content = path.read_bytes()
    except FileNotFoundError as exc:
        raise DatasetError(f"{path} does not exist. Check the path, or give the name of a stored dataset.") from exc
    except OSError as exc:
        raise DatasetError(f"{path} cannot be read: {exc.strerror}. Check its permissions.") from exc
    return read_dataset(content, path.name)


def read_dataset(content: bytes, name: str) -> list[Pair]:
    """Read the bytes of a dataset file called `name`. Raises DatasetError."""
    value = _parse(content, name)
    if isinstance(value, list):
        raise DatasetError(f"{name} is a list; one object is expected, such as {SHAPE}.")
    if not isinstance(value, dict):
        raise DatasetError(f"{name} is {_told(value)}; one object is expected, such as {SHAPE}.")
    missing = [key for key in ("inputs", "targets") if key not in value]
    if missing:
        found = ", ".join(sorted(map(str, value))[:8]) or "nothing"
        raise DatasetError(f"{name} lacks {' and '.join(missing)}; it has {found}. Expected is {SHAPE}.")
    columns = {key: _column(value, key, name) for key in ("inputs", "targets", *_EXTRAS) if value.get(key) is not None}
    lengths = {key: len(column) for key, column in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{key} has {length:,}" for key, length in lengths.items())
        raise DatasetError(
            f"{name}: the arrays must be of equal length, but {told} entries. Add or remove the odd ones."
        )
    for key, (_field, kind) in _EXTRAS.items():
        for number, entry in enumerate(columns.get(key, ()), start=1):
            if entry is not None and (not isinstance(entry, kind) or isinstance(entry, bool)):
                raise DatasetError(f"{name}, pair {number}: {key} holds {entry!r}. Use {kind.__name__} or null.")
    extras = [columns.get(key) or [None] * lengths["inputs"] for key in _EXTRAS]
    pairs = [Pair(*row) for row in zip(columns["inputs"], columns["targets"], *extras, strict=True)]
    check_pairs(pairs, name)
    return pairs


def write_dataset(pairs: Sequence[Pair]) -> bytes:
    """The pairs as the bytes of a dataset file, UTF-8, one entry a line."""
    value: dict[str, list[Any]] = {
        "inputs": [pair.prompt for pair in pairs],
        "targets": [pair.target for pair in pairs],
    }
    for key, (field, _kind) in _EXTRAS.items():
        column = [getattr(pair, field) for pair in pairs]
        if any(entry is not None for entry in column):
            value[key] = column
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def _parse(content: bytes, name: str) -> Any:
    if not content.strip():
        raise DatasetError(f"{name} is empty. Expected is {SHAPE}.")
    try:
        return json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise DatasetError(f"{name} is not UTF-8 text (byte {exc.start:,}). Save it as UTF-8 and try again.") from exc
    except json.JSONDecodeError as exc:
        raise DatasetError(
            f"{name} is not JSON: {exc.msg} at line {exc.lineno}, column {exc.colno}. Expected is {SHAPE}."
        ) from exc
    except (RecursionError, ValueError) as exc:
        raise DatasetError(f"{name} is not a dataset: it nests too deeply or holds impossible numbers.") from exc


def _column(value: dict[str, Any], key: str, name: str) -> list[Any]:
    if not isinstance(value[key], list):
        raise DatasetError(f"{name}: {key} is {_told(value[key])}, not an array. Expected is {SHAPE}.")
    column: list[Any] = value[key]
    return column


def _told(value: Any) -> str:
    """What a JSON value is, in the words of JSON rather than of Python."""
    return _JSON_NAMES.get(type(value).__name__, "an object")
