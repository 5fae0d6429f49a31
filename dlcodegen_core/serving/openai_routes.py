"""OpenAI's protocol: completions, whole or streamed; the models; embeddings.

POST /v1/completions        also Tabby's, which sends `segments` where OpenAI sends `prompt`
GET  /v1/models             every name that is answered to
GET  /v1/models/{id}
POST /v1/embeddings
POST /v1/chat/completions   told that there is no chat here

What a body may hold is in `wire.openai`.
"""

import contextlib
import time
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dlcodegen_core.errors import WorkbenchError
from dlcodegen_core.inference.prediction import Candidate, Prediction, PredictionRequest
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.service import DLCodeGen
from dlcodegen_core.serving import completing
from dlcodegen_core.serving.embedding import embed_texts, embedder_name, words_and_signs
from dlcodegen_core.serving.engine import Asked
from dlcodegen_core.serving.model_names import OURS, named_models, version_or_production
from dlcodegen_core.serving.requests_in import check_host, json_body
from dlcodegen_core.serving.served import ServedCompletion, served_completions
from dlcodegen_core.serving.speaking import EVENTS, NotHere, event, json_reply, speaks, status_told, streamed
from dlcodegen_core.serving.tabby_routes import complete_segments
from dlcodegen_core.serving.token_counts import count_tokens, prompt_tokens, token_probabilities
from dlcodegen_core.serving.wire import openai
from dlcodegen_core.serving.wire.counting import TokenProbability, Usage, choices, finish_reason, written_tokens

DONE = "data: [DONE]\n\n"


@speaks(openai.error)
async def completions(request: Request) -> Response:
    """Complete each prompt; or a Tabby client's segments."""
    body = await json_body(request)
    if "segments" in body and "prompt" not in body:
        return await complete_segments(body, request)
    wish = openai.read_completion(body)
    call = _Call(
        wish,
        version_or_production(DLCodeGen.get_instance().versions, wish.model),
        request,
        f"cmpl-{uuid.uuid4().hex}",
        int(time.time()),
    )
    return await (call.streamed() if wish.stream else call.whole())


@dataclass(frozen=True, slots=True)
class _Answered:
    """What became of one prompt. prediction: None where there was nothing to go on from, or no token was wanted."""

    version: str
    usage: Usage
    candidates: list[Candidate]
    prediction: Prediction | None = None


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of /v1/completions. version: None for whichever answers now."""

    wish: openai.CompletionWish
    version: str | None
    http: Request
    id: str
    created: int

    async def whole(self) -> Response:
        told, usage, version = [], Usage(0, 0), ""
        for number, (prompt, request) in enumerate(zip(self.wish.prompts, self.wish.requests, strict=True)):
            prediction = await completing.complete(self._asked(request), self.http) if request else None
            answered = await self._answered(prompt, request, prediction)
            usage, version = usage + answered.usage, answered.version
            for place, candidate in enumerate(answered.candidates):
                probabilities = await self._probabilities(answered, request, candidate)
                text = f"{prompt}{candidate.text}" if self.wish.echo else candidate.text
                reason = self._reason(answered, candidate)
                told.append(openai.choice(number * self.wish.count + place, text, reason, probabilities))
        return json_reply(openai.completion(self.id, self.created, version, told, usage))

    async def streamed(self) -> Response:
        def last_words(exc: WorkbenchError) -> str:
            return event(openai.error(status_told(exc), str(exc)))

        return await streamed(self._events(), EVENTS, last_words)

    async def _events(self) -> AsyncGenerator[str, None]:
        usage, version = Usage(0, 0), ""
        for number, (prompt, request) in enumerate(zip(self.wish.prompts, self.wish.requests, strict=True)):
            places = range(number * self.wish.count, (number + 1) * self.wish.count)
            prediction = None
            if request and self.wish.count == 1 and self.wish.logprobs is None:
                stream = await completing.stream(self._asked(request), self.http)
                async with contextlib.aclosing(stream):
                    known = stream.prediction.version if stream.prediction else self.version or OURS
                    if self.wish.echo:
                        yield self._event(known, places[0], prompt)
                    async for piece in stream:
                        yield self._event(known, places[0], piece)
                prediction = stream.prediction
                answered = await self._answered(prompt, request, prediction)
            else:
                prediction = await completing.complete(self._asked(request), self.http) if request else None
                answered = await self._answered(prompt, request, prediction)
                for place, candidate in zip(places, answered.candidates, strict=True):
                    if self.wish.echo:
                        yield self._event(answered.version, place, prompt)
                    probabilities = await self._probabilities(answered, request, candidate)
                    yield self._event(answered.version, place, candidate.text, probabilities=probabilities)
            usage, version = usage + answered.usage, answered.version
            for place, candidate in zip(places, answered.candidates, strict=True):
                yield self._event(version, place, "", self._reason(answered, candidate))
        if self.wish.with_usage:
            yield event(openai.completion(self.id, self.created, version, (), usage))
        yield DONE

    def _event(
        self,
        version: str,
        place: int,
        text: str,
        reason: str | None = None,
        probabilities: list[TokenProbability] | None = None,
    ) -> str:
        choice = openai.choice(place, text, reason, probabilities)
        return event(openai.completion(self.id, self.created, version, (choice,)))

    def _asked(self, request: PredictionRequest) -> Asked:
        # Who sends many prompts at once is a program, which waits; a person would not.
        patient = len(self.wish.prompts) > 1
        return completing.asked_by(self.http, request, self.version, self.wish.user, patient)

    async def _answered(
        self, prompt: str, request: PredictionRequest | None, prediction: Prediction | None
    ) -> _Answered:
        """Count, and remember under this call's id what was answered to its only prompt."""
        service = DLCodeGen.get_instance()
        if request is None or prediction is None:
            version = service.versions.resolve(self.version)
            read = await run_in_threadpool(count_tokens, service, version, prompt)
            return _Answered(version, Usage(read, 0), [Candidate("", 0.0)] * self.wish.count)
        found = choices(prediction, self.wish.count)
        read = await run_in_threadpool(prompt_tokens, service, prediction.version, request)
        if len(self.wish.prompts) == 1:
            texts = tuple(candidate.text for candidate in found)
            served_completions.remember(self.id, ServedCompletion.of(request, prediction, texts, self.wish.user))
        return _Answered(prediction.version, Usage(read, sum(map(written_tokens, found))), found, prediction)

    def _reason(self, answered: _Answered, candidate: Candidate) -> str:
        if answered.prediction is None:
            return "stop" if self.wish.max_tokens else "length"
        return finish_reason(answered.prediction, candidate, self.wish.max_tokens)

    async def _probabilities(
        self, answered: _Answered, request: PredictionRequest | None, candidate: Candidate
    ) -> list[TokenProbability] | None:
        if self.wish.logprobs is None or request is None:
            return None
        service = DLCodeGen.get_instance()
        return await run_in_threadpool(
            token_probabilities, service, answered.version, request, candidate.text, self.wish.logprobs
        )


@speaks(openai.error)
async def models(request: Request) -> Response:
    """Every name that is answered to."""
    check_host(request)
    named = await run_in_threadpool(named_models, DLCodeGen.get_instance().versions)
    return json_reply({"object": "list", "data": [_model(each.name, each.card) for each in named]})


@speaks(openai.error)
async def model(request: Request) -> Response:
    """One of them."""
    check_host(request)
    name = request.path_params["id"]
    named = await run_in_threadpool(named_models, DLCodeGen.get_instance().versions)
    for each in named:
        if each.name == name:
            return json_reply(_model(each.name, each.card))
    raise NotHere(f"There is no model {name!r}. See GET /v1/models for those that there are.")


def _model(name: str, card: ModelCard) -> dict[str, object]:
    return openai.model(name, card, int(datetime.fromisoformat(card.created_at).timestamp()))


@speaks(openai.error)
async def embeddings(request: Request) -> Response:
    """Vectors of texts."""
    wish = openai.read_embedding(await json_body(request))
    identity, vectors = await embed_texts(wish.texts, request)
    return json_reply(openai.embeddings(wish, embedder_name(identity), vectors, words_and_signs(wish.texts)))


@speaks(openai.error)
async def chat(request: Request) -> Response:
    """There is no chat, and this says what there is."""
    check_host(request)
    raise NotHere("These models complete code and do not chat. Use POST /v1/completions, with prompt and suffix.")


ROUTES = [
    Route("/v1/completions", completions, methods=["POST"]),
    Route("/v1/models", models),
    Route("/v1/models/{id:path}", model),
    Route("/v1/embeddings", embeddings, methods=["POST"]),
    Route("/v1/chat/completions", chat, methods=["POST"]),
]
