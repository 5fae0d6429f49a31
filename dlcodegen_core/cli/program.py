"""The command line: models and datasets. Says on stderr how it goes, on stdout what came out.

With --json the last line on stdout is one JSON object. The exit status is 0 only on success.
"""

import argparse
import json
import logging
import sys
from collections.abc import Callable, Sequence

from dlcodegen_core.cli import asking, datasets, serving, training, versions
from dlcodegen_core.errors import WorkbenchError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 success, 1 it failed, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING, format="%(message)s")
    from dlcodegen_core.service import DLCodeGen

    try:
        service = DLCodeGen.get_instance()
        try:
            return options.run(service, options)
        finally:
            service.close()
    except WorkbenchError as exc:
        if options.json:
            print(json.dumps({"error": str(exc)}))
        print(f"Error: {exc}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dlcodegen_core", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[..., int], help_text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help_text, description=help_text)
        sub.set_defaults(run=run)
        sub.add_argument("--json", action="store_true", help="print the result as one JSON object on the last line")
        sub.add_argument("--verbose", action="store_true", help="log what happens inside, on stderr")
        return sub

    for part in (training, asking, versions, datasets, serving):
        part.add_commands(command)
    return parser
