"""Tabby's protocol, as its editor extensions speak it. Its completions share a path with OpenAI's, see `openai_routes`.

GET, POST /v1/health
GET       /v1beta/server_setting    asks clients to send their statistics nowhere else

What became of a completion goes to /v1/events, see `event_routes`.
"""

import uuid
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import dlcodegen_core
from dlcodegen_core.service import DLCodeGen
from dlcodegen_core.serving import completing
from dlcodegen_core.serving.requests_in import check_host
from dlcodegen_core.serving.served import ServedCompletion, served_completions
from dlcodegen_core.serving.speaking import json_reply, speaks
from dlcodegen_core.serving.wire import openai, tabby


async def complete_segments(body: dict[str, Any], request: Request) -> Response:
    """The answer to a body with segments. Raises WorkbenchError or ClientGone."""
    wish = tabby.read_segments(body)
    completion_id = f"cmpl-{uuid.uuid4().hex}"
    if wish.request is None:
        return json_reply(tabby.completion(completion_id, ("",)))
    asked = completing.asked_by(request, wish.request, None, wish.user)
    prediction = await completing.complete(asked, request)
    texts = (prediction.completion,)
    served_completions.remember(completion_id, ServedCompletion.of(wish.request, prediction, texts, asked.user))
    return json_reply(tabby.completion(completion_id, texts))


@speaks(openai.error)
async def health(request: Request) -> Response:
    """That there is a server, and which version answers."""
    check_host(request)
    version = await run_in_threadpool(DLCodeGen.get_instance().versions.resolve, None)
    return json_reply(tabby.health(version, dlcodegen_core.__version__))


@speaks(openai.error)
async def server_setting(request: Request) -> Response:
    """What clients are asked to keep to."""
    check_host(request)
    return json_reply(tabby.SETTING)


ROUTES = [
    Route("/v1/health", health, methods=["GET", "POST"]),
    Route("/v1beta/server_setting", server_setting),
]
