"""A server of the routes alone, without pages: `python -m dlcodegen_core serve`."""

import os

import uvicorn
from starlette.applications import Starlette

from dlcodegen_core.config import Settings
from dlcodegen_core.errors import ConfigError
from dlcodegen_core.serving.routes import routes
from dlcodegen_core.serving.warm_up import lifespan


def create_app() -> Starlette:
    """The application one worker process serves."""
    return Starlette(routes=routes(), lifespan=lifespan)


def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve until interrupted. Raises ConfigError for an impossible port or number of workers."""
    if not 0 < port < 65_536 or not 0 < workers <= 64:
        raise ConfigError(f"Port {port} with {workers} workers cannot be served. Use a port of 1 to 65535.")
    os.environ.update(settings.to_environment())  # the workers are processes of their own
    uvicorn.run(
        "dlcodegen_core.serving.server:create_app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_level="warning",
    )
