"""A server of the routes alone, without pages: `python -m dlcodegen_core serve`.

Several workers share one port. Each holds the models for itself; what is on disk they share, so a version that is
promoted anywhere answers everywhere. A worker that dies is replaced, and so is one that has answered enough.
"""

import multiprocessing
import os
import signal
import threading
from functools import partial
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette

from dlcodegen_core.config import Settings
from dlcodegen_core.errors import ConfigError
from dlcodegen_core.service import DLCodeGen
from dlcodegen_core.serving import metrics, unrouted
from dlcodegen_core.serving.guarded import check_start, guard
from dlcodegen_core.serving.recycling import Recycling
from dlcodegen_core.serving.routes import routes
from dlcodegen_core.serving.shared_socket import SharedSocket
from dlcodegen_core.serving.warm_up import lifespan_without_pages

if TYPE_CHECKING:
    from starlette.types import ASGIApp

RECYCLE_AFTER = 10_000
MAX_WORKERS = 64
FINISH_SECONDS = 10  # for what is in flight when a worker ends; then whoever waits for a training is let go
# A worker is taken for hung, and replaced, if it is silent that long; loading a model on a busy machine takes seconds.
SILENT_SECONDS = 60


def create_app(recycle_after: int = 0) -> "ASGIApp":
    """The application one worker process serves."""
    _end_with_the_parent()
    answered = routes()
    guards = [guard(answered)]
    app = Starlette(
        routes=answered, lifespan=lifespan_without_pages, middleware=guards, exception_handlers=unrouted.HANDLERS
    )
    return Recycling(
        app, recycle_after, lambda: DLCodeGen.get_instance().jobs.is_at_work, stop_accepting=SharedSocket.leave
    )


def serve(settings: Settings, host: str, port: int, workers: int, recycle_after: int = RECYCLE_AFTER) -> None:
    """Serve until interrupted; what is in flight then is finished, and nothing new accepted.

    recycle_after: requests after which a worker is replaced, 0 for never. One that is alone stays: nobody would answer
    meanwhile. Raises ConfigError for an impossible port or number, and where other machines could ask without a key.
    """
    check_start(host)
    if not 0 < port < 65_536 or not 0 < workers <= MAX_WORKERS:
        raise ConfigError(f"Port {port} with {workers} workers cannot be served. Use a port of 1 to 65535.")
    if recycle_after < 0:
        raise ConfigError(f"Workers cannot be replaced after {recycle_after} requests. Give 0 for never, or more.")
    os.environ.update(settings.to_environment())  # the workers are processes of their own
    config = uvicorn.Config(
        partial(create_app, recycle_after if workers > 1 else 0),
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_level="warning",
        timeout_graceful_shutdown=FINISH_SECONDS,
        timeout_worker_healthcheck=SILENT_SECONDS,
    )
    if workers == 1:
        uvicorn.Server(config).run()
        return
    from uvicorn.supervisors import Multiprocess

    metrics.share_between_workers(settings.home / "metrics" / str(port))
    config.loop = "asyncio"  # see `SharedSocket`
    with SharedSocket.of(config.bind_socket()) as listening:
        Multiprocess(config, sockets=[listening]).run()


def _end_with_the_parent() -> None:
    """A worker whose parent was killed would hold the port, and nobody would replace or stop it."""
    parent = multiprocessing.parent_process()
    if parent is not None:

        def follow() -> None:
            parent.join()
            signal.raise_signal(signal.SIGTERM)

        threading.Thread(target=follow, name="end-with-the-parent", daemon=True).start()
