"""Requests at work and over, what was noted on them, and texts that are kept only where a person wished it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path

import pytest

from dlcodegen_core.inference.live_requests import (
    REQUESTS_KEPT,
    TEXTS_KEPT,
    THE_PAGES,
    LiveRequests,
    TextSwitch,
    current_request,
)


@pytest.fixture
def live() -> LiveRequests:
    return LiveRequests(now=lambda: 100.0)


def _answer(live: LiveRequests, prompt: str = "x = ", reply: str = "1", cached: bool = False) -> None:
    live.note_answer("v1", cached, 3, {"decode": 2.0, "reading": 1.0}, prompt, reply)


def test_a_request_is_at_work_and_then_over(live: LiveRequests) -> None:
    with live.open("laptop", "POST /predict", "abc") as request:
        assert live.at_work() == [request]
        assert current_request() is request
        _answer(live)
        request.status = 200
    assert current_request() is None
    assert (live.at_work(), live.latest(), live.requests, live.failures) == ([], [request], 1, 0)
    assert (request.version, request.tokens, request.answers, request.cached) == ("v1", 3, 1, False)


def test_an_answer_outside_of_any_request_is_a_pages(live: LiveRequests) -> None:
    _answer(live)
    live.note_failure("There is no model yet.")
    failed, answered = live.latest()
    assert (answered.who, answered.status, answered.total_ms) == (THE_PAGES, 200, 3.0)
    assert (failed.who, failed.failed, failed.error) == (THE_PAGES, True, "There is no model yet.")


def test_an_answer_of_another_thread_is_noted_on_the_request_that_it_is_for(live: LiveRequests) -> None:
    with live.open("laptop", "POST /predict") as request, ThreadPoolExecutor(1) as other:
        other.submit(copy_context().run, _answer, live).result()
        other.submit(_answer, live).result()
    assert request.answers == 1
    assert sorted(one.who for one in live.latest()) == ["laptop", THE_PAGES]


def test_several_prompts_of_one_request_add_up(live: LiveRequests) -> None:
    with live.open("laptop", "POST /v1/completions") as request:
        _answer(live)
        _answer(live, cached=True)
    assert (request.tokens, request.answers, request.cached) == (6, 2, True)


def test_only_the_latest_are_kept(live: LiveRequests) -> None:
    for number in range(REQUESTS_KEPT + 10):
        with live.open("x", "GET /health", str(number)):
            pass
    assert len(live.latest()) == REQUESTS_KEPT
    assert live.latest()[0].id == str(REQUESTS_KEPT + 9)
    assert live.requests == REQUESTS_KEPT + 10


def test_no_text_is_kept_until_somebody_wishes_it_and_none_after_they_do_not(live: LiveRequests) -> None:
    with live.open("x", "POST /predict", "before"):
        _answer(live)
    assert not live.remembers_is_known
    live.remember(True)
    for number in range(TEXTS_KEPT + 1):
        with live.open("x", "POST /predict", str(number)):
            _answer(live, f"prompt {number}")
    assert live.texts("before") == []
    assert live.texts("0") == []
    assert [(one.prompt, one.reply) for one in live.texts("1")] == [("prompt 1", "1")]
    live.remember(False)
    assert live.texts("1") == []
    assert not live.remembers


def test_a_long_text_is_kept_around_the_cursor(live: LiveRequests) -> None:
    live.remember(True)
    with live.open("x", "POST /predict", "abc"):
        _answer(live, "a" * 30_000 + "b")
    [kept] = live.texts("abc")
    assert len(kept.prompt) == 20_000
    assert kept.prompt.endswith("b")


def test_many_threads_lose_nothing(live: LiveRequests) -> None:
    def ask() -> None:
        for _ in range(200):
            with live.open("x", "GET /health"):
                _answer(live)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (live.requests, live.at_work()) == (800, [])


def test_the_switch_is_off_until_it_was_turned_and_stays_as_it_was_left(tmp_path: Path) -> None:
    switch = TextSwitch(tmp_path / "home")
    assert not switch.read()
    switch.write(True)
    assert TextSwitch(tmp_path / "home").read()
    switch.write(False)
    assert not switch.read()


@pytest.mark.parametrize("content", ["", "[]", "true", '{"keep_texts": 1}', '{"keep_texts"'])
def test_a_switch_that_cannot_be_read_is_off(tmp_path: Path, content: str) -> None:
    (tmp_path / "inspector.json").write_text(content)
    assert not TextSwitch(tmp_path).read()
