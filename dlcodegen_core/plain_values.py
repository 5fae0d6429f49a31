"""Results as plain JSON values, for the command line and for HTTP."""

import dataclasses
from typing import Any

import numpy as np


def to_plain(value: Any) -> Any:
    """A result as plain JSON values: dataclasses become objects, arrays lists, tuples lists."""
    if isinstance(fields := getattr(value, "plain_fields", None), dict):
        return to_plain(fields)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {str(key): to_plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(part) for part in value]
    return value
