"""From a handler to a prediction, with the base model: streams, cancellation, the queue, and what is kept."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from dlcodegen_core import DLCodeGen, Settings
from dlcodegen_core.errors import ModelError
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.models import base_model
from dlcodegen_core.serving.decode_queue import DecodeQueue
from dlcodegen_core.serving.engine import Asked, Busy, ClientGone, Engine

pytestmark = pytest.mark.skipif(not base_model.is_there(), reason="no base model is shipped with this checkout")

PATIENCE_SECONDS = 20
PROMPT = "import json\n\n\ndef load(path):\n    with open(path) as file:\n        "
numbers = iter(range(10**6))


class Client:
    """What a request's `receive` gives: nothing, until the client goes away."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()

    async def receive(self) -> dict[str, str]:
        await self.gone.wait()
        return {"type": "http.disconnect"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DLCodeGen]:
    service = DLCodeGen(Settings(home=tmp_path_factory.mktemp("engine"), embedder="local"))
    yield service
    service.close()


@pytest.fixture
def engine(service: DLCodeGen) -> Iterator[Engine]:
    service.clear_prediction_cache()
    engine = Engine(service, DecodeQueue(decoders=1, places=2))
    yield engine
    engine.close()


def asked(prompt: str = PROMPT, client: str = "", wait: bool = False, version: str | None = None, **options) -> Asked:
    options = {"max_tokens": 12, "beams": 1, **options}
    return Asked(PredictionRequest.of(prompt, **options), version, client=client, wait=wait)


def fresh(**options) -> Asked:
    """A prompt that nobody has asked yet."""
    return asked(f"# {next(numbers)}\n{PROMPT}", **options)


def run(scenario: Callable[[], AsyncIterator[None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), PATIENCE_SECONDS))


class Occupied:
    """Something is being decoded until the end of the block."""

    def __init__(self, engine: Engine) -> None:
        self._queue = engine._queue
        self._let_go = threading.Event()

    async def __aenter__(self) -> None:
        began = threading.Event()
        self._queue.join(lambda gone: (began.set(), self._let_go.wait(PATIENCE_SECONDS)))
        await asyncio.to_thread(began.wait, PATIENCE_SECONDS)

    async def __aexit__(self, *_error: object) -> None:
        self._let_go.set()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("stop", [(), ("\n",), ("\n\n", "return")])
@pytest.mark.parametrize("beams", [1, 3])
def test_the_pieces_of_a_stream_add_up_to_the_whole_answer(service, engine, stop, beams) -> None:
    async def scenario() -> None:
        question = asked(max_tokens=24, stop=stop, beams=beams)
        stream = engine.stream(question, Client())
        pieces = [piece async for piece in stream]
        service.clear_prediction_cache()
        whole = await engine.complete(question, Client())
        assert not whole.cached and "".join(pieces) == whole.completion == stream.prediction.completion
        assert all(pieces) and (beams > 1 or len(pieces) > 1)

    run(scenario)


def test_what_is_kept_is_answered_while_a_decoder_is_busy(engine) -> None:
    async def scenario() -> None:
        question = fresh()
        first = await engine.complete(question, Client())
        async with Occupied(engine):
            again = await engine.complete(question, Client())
            assert again.cached and again.completion == first.completion
            assert [piece async for piece in engine.stream(question, Client())] == [first.completion]

    run(scenario)


def test_typing_along_an_offer_is_answered_while_a_decoder_is_busy(engine) -> None:
    async def scenario() -> None:
        question = fresh(stop=["\n"])
        offer = (await engine.complete(question, Client())).completion
        async with Occupied(engine):
            typed = asked(question.request.prompt + offer[:1], stop=["\n"])
            assert (await engine.complete(typed, Client())).completion == offer[1:]

    run(scenario)


def test_a_kept_answer_counts_one_hit_and_a_decoded_one_one_miss(service, engine) -> None:
    async def scenario() -> None:
        before = service.get_cache_stats()
        question = fresh()
        for _ in range(3):
            await engine.complete(question, Client())
        after = service.get_cache_stats()
        assert (after.hits - before.hits, after.misses - before.misses) == (2, 1)

    run(scenario)


def test_more_than_may_wait_are_refused_unless_they_can_wait(engine) -> None:
    async def scenario() -> None:
        async with Occupied(engine):
            waiting = [asyncio.create_task(engine.complete(fresh(), Client())) for _ in range(2)]
            await until(lambda: engine.waiting == 2)
            with pytest.raises(Busy):
                await engine.complete(fresh(), Client())
            with pytest.raises(Busy):
                await engine.stream(fresh(), Client()).start()
            patient = asyncio.create_task(engine.complete(fresh(wait=True), Client()))
            await until(lambda: engine.waiting == 3)
        assert len(await asyncio.gather(*waiting, patient)) == 3

    run(scenario)


def test_a_client_that_goes_away_leaves_the_queue(engine) -> None:
    async def scenario() -> None:
        async with Occupied(engine):
            client = Client()
            waiting = asyncio.create_task(engine.complete(fresh(), client))
            await until(lambda: engine.waiting == 1)
            client.gone.set()
            with pytest.raises(ClientGone):
                await waiting
            assert engine.waiting == 0

    run(scenario)


def test_a_client_that_goes_away_stops_its_decoding_and_nothing_of_it_is_kept(engine) -> None:
    async def scenario() -> None:
        client, question = Client(), fresh(max_tokens=256, temperature=1.0, seed=1)
        stream = engine.stream(question, client)
        await stream.start()
        assert engine.decoding == 1
        client.gone.set()
        with pytest.raises(ClientGone):
            async for _piece in stream:
                pass
        await until(lambda: engine.decoding == 0)
        assert stream.prediction is None
        assert engine._service.predictor.kept(question.request) is None

    run(scenario)


def test_a_newer_request_of_the_same_client_ends_the_older(engine) -> None:
    async def scenario() -> None:
        async with Occupied(engine):
            older = asyncio.create_task(engine.complete(fresh(client="editor"), Client()))
            other = asyncio.create_task(engine.complete(fresh(client="another"), Client()))
            await until(lambda: engine.waiting == 2)
            newer = asyncio.create_task(engine.complete(fresh(client="editor"), Client()))
            with pytest.raises(ClientGone):
                await older
            assert not newer.done()
        assert (await newer).version == (await other).version == "base"

    run(scenario)


def test_a_stream_that_is_closed_stops_its_decoding(engine) -> None:
    async def scenario() -> None:
        stream = engine.stream(fresh(max_tokens=256, temperature=1.0, seed=2), Client())
        await stream.start()
        await stream.aclose()
        await until(lambda: engine.decoding == 0)

    run(scenario)


def test_a_slow_reader_holds_up_nobody_and_gets_all_of_it(engine) -> None:
    async def scenario() -> None:
        stream = engine.stream(fresh(max_tokens=40), Client())
        await stream.start()
        await until(lambda: engine.decoding == 0)
        assert await engine.complete(fresh(), Client())
        pieces = [piece async for piece in stream]
        assert len(pieces) <= 3 and "".join(pieces) == stream.prediction.completion

    run(scenario)


def test_an_equal_request_is_not_answered_with_what_another_gave_up(service) -> None:
    """The second waits for the first one's computation, which ends half-way: it computes the rest itself."""
    request = fresh(max_tokens=24).request
    whole = service.predict(request.prompt, max_tokens=24, beams=1).completion
    service.clear_prediction_cache()
    asked_once, answers = threading.Event(), []

    def give_up() -> bool:
        asked_once.set()
        return second.ident is not None and len(told) > 2

    told: list[str] = []
    second = threading.Thread(target=lambda: answers.append(service.predictor.predict(request)))
    first = threading.Thread(target=lambda: service.predictor.predict(request, cancelled=give_up, tell=told.append))
    first.start()
    assert asked_once.wait(PATIENCE_SECONDS)
    second.start()
    for thread in (first, second):
        thread.join(PATIENCE_SECONDS)
    assert answers[0].completion == whole


def test_an_unsure_answer_is_not_shown_before_it_is_known_to_be_sure_enough(engine) -> None:
    async def scenario() -> None:
        stream = engine.stream(fresh(min_confidence=1.0), Client())
        assert [piece async for piece in stream] == []
        assert stream.prediction.abstained

    run(scenario)


def test_what_cannot_be_asked_is_told_before_the_first_piece(engine) -> None:
    async def scenario() -> None:
        with pytest.raises(ModelError, match="no model version 'v99'"):
            await engine.stream(fresh(version="v99"), Client()).start()
        with pytest.raises(ModelError, match="no model version 'v99'"):
            await engine.complete(fresh(version="v99"), Client())

    run(scenario)


def test_the_engine_of_this_process_belongs_to_the_service_of_this_process(service, monkeypatch) -> None:
    monkeypatch.setattr(DLCodeGen, "_instance", service)
    engine = Engine.get()
    assert Engine.get() is engine
    engine.close()
    assert Engine.get() is not engine
    Engine.get().close()
