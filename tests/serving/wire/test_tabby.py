"""Tabby's bodies and replies."""

import pytest

from dlcodegen_core.errors import RequestError
from dlcodegen_core.serving.wire.asking import PARAGRAPH
from dlcodegen_core.serving.wire.tabby import Told, first_line, read_event, read_segments

SEGMENTS = {
    "prefix": "def fib(n):\n    ",
    "suffix": "\n        return n",
    "filepath": "fib.py",
    "declarations": [{"filepath": "a.py", "body": "def a(): ..."}],
    "relevant_snippets_from_changed_files": [
        {"filepath": "b.py", "body": "nearest", "score": 0.9},
        {"filepath": "c.py", "body": "farther", "score": 0.1},
    ],
}


def test_segments_are_read_with_the_most_telling_snippets_nearest() -> None:
    wish = read_segments({"language": "python", "segments": SEGMENTS, "user": "ann", "temperature": 0.1})
    assert wish.request is not None
    assert (wish.request.prompt, wish.request.suffix) == (SEGMENTS["prefix"], SEGMENTS["suffix"])
    assert wish.request.context == ("farther", "nearest", "def a(): ...")
    assert (wish.request.language, wish.request.stop, wish.user) == ("python", PARAGRAPH, "ann")


def test_a_language_that_is_not_ours_is_told_from_the_code() -> None:
    wish = read_segments({"language": "haskell", "segments": {"prefix": "x"}})
    assert wish.request is not None and wish.request.language is None


@pytest.mark.parametrize("body", [{}, {"segments": None}, {"segments": "x"}, {"segments": {"prefix": 1}}])
def test_bodies_without_segments_are_refused(body: dict[str, object]) -> None:
    with pytest.raises(RequestError, match="segments"):
        read_segments(body)


def test_an_event_is_read_as_the_clients_send_it() -> None:
    body = {"type": "select", "completion_id": "cmpl-1", "choice_index": 0, "view_id": "view-1", "elapsed": 312}
    assert read_event(body, None) == Told("select", "cmpl-1", 0, False)
    assert read_event(body, "line").line_only
    assert read_event({**body, "select_kind": "line"}, None).line_only


@pytest.mark.parametrize(
    "body", [{}, {"type": "like", "completion_id": "a"}, {"type": "view"}, {"type": "view", "completion_id": 3},
             {"type": "view", "completion_id": "a", "choice_index": -1}]
)  # fmt: skip
def test_what_is_no_event_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(RequestError):
        read_event(body, None)


@pytest.mark.parametrize(
    ("text", "first"), [("a\nb", "a"), ("a", "a"), ("\n  a\n  b", "\n  a"), ("", ""), ("\n\n", "\n\n")]
)
def test_the_first_line_is_the_first_that_shows_something(text: str, first: str) -> None:
    assert first_line(text) == first
