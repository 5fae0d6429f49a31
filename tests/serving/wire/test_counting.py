"""What replies count: tokens, choices, time."""

from dlcodegen_core.inference.prediction import Candidate, Prediction
from dlcodegen_core.serving.wire.counting import Spent, Usage, choices, finish_reason, rate, written_tokens

BEST, SECOND = Candidate("ab", 0.9, ("", "a", "b")), Candidate("c", 0.1, ("c",))


def prediction(*candidates: Candidate, abstained: bool = False, taught_by: int | None = None) -> Prediction:
    best = candidates[0].text if candidates else ""
    return Prediction(best, 0.9, lambda: None, candidates, {}, False, "v1", abstained, taught_by)  # type: ignore[arg-type]


def test_as_many_choices_are_given_as_are_wanted() -> None:
    assert choices(prediction(BEST, SECOND), 1) == [BEST]
    assert choices(prediction(BEST, SECOND), 3) == [BEST, SECOND, BEST]
    assert choices(prediction(), 2) == [Candidate("", 0.0)] * 2
    assert choices(prediction(BEST, abstained=True), 1)[0].text == ""


def test_it_ended_for_want_of_tokens_if_it_used_them_all() -> None:
    answer = prediction(BEST, SECOND)
    assert finish_reason(answer, BEST, 3) == "length"
    assert finish_reason(answer, BEST, 4) == "stop"
    assert finish_reason(prediction(BEST, taught_by=7), BEST, 3) == "stop"


def test_tokens_that_typed_again_what_stood_there_are_not_counted() -> None:
    assert written_tokens(BEST) == 2
    assert (Usage(1, 2) + Usage(3, 4)).to_json() == {"prompt_tokens": 4, "completion_tokens": 6, "total_tokens": 10}


def test_time_is_spent_on_loading_reading_or_writing() -> None:
    spent = Spent.of({"model load": 1.0, "embedding": 2.0, "syntax": 3.0, "forward": 4.0, "decode": 5.0})
    assert (spent.load_ms, spent.reading_ms, spent.writing_ms) == (1.0, 5.0, 9.0)
    assert (rate(5, 500.0), rate(5, 0.0)) == (10.0, 0.0)
