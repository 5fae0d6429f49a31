"""What became of completions, as clients tell it: POST /v1/events, as Tabby's do.

`select` is an acceptance and teaches, `dismiss` a rejection; `view` says nothing yet. The id may be that of any reply
of /v1/completions. One that is not known here, because it is old or another worker's, is answered all the same, and
counted: a client can do nothing about it.
"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dlcodegen_core.errors import RequestError
from dlcodegen_core.feedback.records import ACCEPTED, EDITED, HTTP, REJECTED, Feedback
from dlcodegen_core.service import DLCodeGen
from dlcodegen_core.serving.requests_in import json_body
from dlcodegen_core.serving.served import ServedCompletion, served_completions
from dlcodegen_core.serving.speaking import speaks
from dlcodegen_core.serving.wire import openai, tabby


@speaks(openai.error)
async def event(request: Request) -> Response:
    """Keep an event as feedback, once for each choice."""
    told = tabby.read_event(await json_body(request), request.query_params.get("select_kind"))
    served = served_completions.find(told.completion_id)
    if served is None or told.kind == tabby.VIEW:
        return Response()
    if told.choice >= len(served.texts):
        raise RequestError(f"choice_index is {told.choice}, but there were {len(served.texts)} choices, from 0.")
    feedback = feedback_of(told, served)
    if feedback is not None and served_completions.first_time(told.completion_id, told.choice):
        await run_in_threadpool(DLCodeGen.get_instance().answers.tell, feedback)
    return Response()


def feedback_of(told: tabby.Told, served: ServedCompletion) -> Feedback | None:
    """The event as feedback; None if nothing was shown that could be taken or refused."""
    text = served.texts[told.choice]
    if not text.strip():
        return None
    outcome, correction = (ACCEPTED, "") if told.kind == tabby.SELECT else (REJECTED, "")
    if outcome == ACCEPTED and told.line_only and (line := tabby.first_line(text)) != text:
        outcome, correction = EDITED, line
    return Feedback(
        outcome,
        served.prompt,
        text,
        served.version,
        correction,
        arm=served.arm,
        user=served.user,
        latency_ms=served.latency_ms,
        source=HTTP,
        # The taught text is the first choice; the others are the model's own.
        taught_by=served.taught_by if told.choice == 0 else None,
    )


ROUTES = [Route("/v1/events", event, methods=["POST"])]
