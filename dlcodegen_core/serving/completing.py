"""What all protocols do between a request and the engine: who asks, and what a DeepCodeNet can make of it.

An editor sends the code behind the cursor and a temperature whatever the model is. DeepCodeNet looks at neither and
says so, as an error; an editor's user would rather have the completion, so it is asked once more without them.
"""

from dataclasses import replace

from starlette.requests import Request

from dlcodegen_core.errors import RequestError
from dlcodegen_core.inference.prediction import Prediction, PredictionRequest
from dlcodegen_core.serving.engine import Asked, Engine, Stream
from dlcodegen_core.serving.wire.fields import MAX_NAME_CHARACTERS

SESSION_HEADER = "X-Editor-Session"


def session_of(http: Request) -> str:
    """The editor session that asks, if it says so: a newer request of it ends the older. Raises RequestError."""
    session = http.headers.get(SESSION_HEADER, "")
    if len(session) > MAX_NAME_CHARACTERS or not session.isprintable():
        raise RequestError(f"{SESSION_HEADER} is no name. Use at most {MAX_NAME_CHARACTERS} printable characters.")
    return session


def asked_by(
    http: Request, request: PredictionRequest, version: str | None, user: str = "", wait: bool = False
) -> Asked:
    """What the engine is asked. Who names no user is known by the editor's session. Raises RequestError."""
    session = session_of(http)
    return Asked(request, version, user or session, session, wait)


async def complete(asked: Asked, http: Request) -> Prediction:
    """The whole answer. Raises what `Engine.complete` does."""
    try:
        return await Engine.get().complete(asked, http)
    except RequestError:
        if (plain := _plain(asked)) == asked:
            raise
        return await Engine.get().complete(plain, http)


async def stream(asked: Asked, http: Request) -> Stream:
    """The answer piece by piece, with the first piece there. Raises what `Engine.complete` does."""
    found = Engine.get().stream(asked, http)
    try:
        await found.start()
    except RequestError:
        if (plain := _plain(asked)) == asked:
            raise
        found = Engine.get().stream(plain, http)
        await found.start()
    return found


def _plain(asked: Asked) -> Asked:
    request: PredictionRequest = replace(asked.request, suffix="", temperature=0.0, top_k=0, top_p=1.0, seed=0)
    return replace(asked, request=request)
