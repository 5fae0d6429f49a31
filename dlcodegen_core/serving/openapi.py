"""The HTTP interface in OpenAPI 3.1, and as a page to read.

GET /openapi.json   the document
GET /docs/api       the page

Both are made from `described`, which a test compares with the routes.
"""

from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

import dlcodegen_core
from dlcodegen_core.serving import api_page
from dlcodegen_core.serving.described import design, feedback, jobs, llama_cpp, ollama, openai, operations, tabby
from dlcodegen_core.serving.described.operation import Operation
from dlcodegen_core.serving.requests_in import check_host
from dlcodegen_core.serving.speaking import json_reply, speaks

TITLE = "DL CodeGen over HTTP"
ABOUT = (
    "Completions, explanations, feedback and trainings of one home folder, in its own words and in four protocols that "
    "editors and programs already speak: OpenAI's, Tabby's, llama.cpp's and Ollama's. Bodies are JSON. An error is "
    "told in the protocol's own shape, with a sentence that says what to do. Once DLCODEGEN_API_KEY is set, send the "
    "key as a Bearer token or in X-API-Key."
)
TAGS = {
    openai.TAG: "For Continue, Tabby's extensions, and every client of OpenAI's completions.",
    llama_cpp.TAG: "For llama.vim and llama.vscode.",
    ollama.TAG: "For clients of Ollama's generate and embed.",
    design.TAG: "The workbench's own: all that a prediction tells, and why.",
    feedback.TAG: "What became of completions, and forgetting it.",
    jobs.TAG: "Trainings that go on when nobody listens.",
    operations.TAG: "For those who keep the server.",
}
OPERATIONS: tuple[Operation, ...] = tuple(
    operation
    for protocol in (openai, tabby, llama_cpp, ollama, design, feedback, jobs, operations)
    for operation in protocol.OPERATIONS
)


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The whole OpenAPI document, as plain values; not to be changed."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.plain_path, {})[operation.method.lower()] = operation.to_json()
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": dlcodegen_core.__version__, "description": ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": meaning} for name, meaning in TAGS.items()],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "One of DLCODEGEN_API_KEY."},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            }
        },
        # Without keys nothing needs one, so an empty requirement stands beside the two.
        "security": [{}, {"bearer": []}, {"header": []}],
    }


@speaks(lambda _status, sentence: {"error": sentence})
async def openapi_json(request: Request) -> Response:
    """The document."""
    check_host(request)
    return json_reply(document())


@speaks(lambda _status, sentence: {"error": sentence})
async def page(request: Request) -> Response:
    """The page, with commands for the address that it was asked by."""
    check_host(request)
    html = api_page.html_page(document(), str(request.base_url).rstrip("/"))
    return HTMLResponse(html, headers={"Content-Security-Policy": api_page.POLICY})


ROUTES = [Route(operations.OPENAPI, openapi_json), Route(operations.PAGE, page)]
