"""The command line: models, datasets, and the server."""

from dlcodegen_core.cli.program import main

__all__ = ["main"]
