"""How commands read their options and say what came out."""

import argparse
import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

AddCommand = Callable[[str, Callable[..., int], str], argparse.ArgumentParser]


def answer(options: argparse.Namespace, result: Any, sentence: str) -> None:
    """Print the result as one JSON object if that was asked for, else the sentence."""
    if options.json:
        from dlcodegen_core.plain_values import to_plain

        print(json.dumps(to_plain(result)))
    else:
        print(sentence)


def given(options: argparse.Namespace, config: type) -> dict[str, Any]:
    """The options that were given, by the names of the configuration's fields."""
    values = {field.name: getattr(options, field.name, None) for field in fields(config)}
    return {name: value for name, value in values.items() if value is not None}
