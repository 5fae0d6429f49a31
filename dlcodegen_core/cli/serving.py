"""The server without pages."""

import argparse
from typing import TYPE_CHECKING

from dlcodegen_core.cli.telling import AddCommand

if TYPE_CHECKING:
    from dlcodegen_core.service import DLCodeGen


def add_commands(command: AddCommand) -> None:
    serve = command("serve", _serve, "answer predictions over HTTP, without pages")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8600)
    serve.add_argument("--workers", type=int, default=1, help="processes")
    serve.add_argument(
        "--recycle-after",
        type=int,
        default=10_000,
        dest="recycle_after",
        metavar="N",
        help="replace each of several workers after about N requests; 0 for never",
    )


def _serve(service: "DLCodeGen", options: argparse.Namespace) -> int:
    from dlcodegen_core.serving.server import serve

    serve(service.settings, options.host, options.port, options.workers, options.recycle_after)
    return 0
