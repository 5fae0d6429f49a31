"""The list of all HTTP routes of the core, for the workbench's own process or for a server without pages."""

from starlette.routing import Route

from dlcodegen_core.serving import (
    design_routes,
    event_routes,
    job_routes,
    llama_cpp_routes,
    ollama_routes,
    openai_routes,
    openapi,
    operations_routes,
    tabby_routes,
)
from dlcodegen_core.serving.design_routes import WRITTEN_FILES
from dlcodegen_core.serving.feedback_routes import feedback_routes

__all__ = ["WRITTEN_FILES", "routes"]

MODULES = (
    design_routes,
    job_routes,
    openai_routes,
    tabby_routes,
    event_routes,
    llama_cpp_routes,
    ollama_routes,
    operations_routes,
    openapi,
)


def routes() -> list[Route]:
    """Every route, in the order in which they are tried."""
    own = [route for module in MODULES for route in module.ROUTES]
    return [*own, *feedback_routes()]
