"""Systems with known answers get the marks they earn."""

import json

import pytest

from dlcodegen_core.errors import ModelError
from dlcodegen_core.evaluation.baselines import LineGuess
from dlcodegen_core.evaluation.line_cases import LineCase
from dlcodegen_core.evaluation.scoreboard import PROMPT_TAIL_CHARACTERS, run_scoreboard

CASES = [LineCase(f"{number}\n", f"return value_{number}", f"f{number % 4}.py", 2, "python") for number in range(8)]


class Answering:
    """A system that answers from a function of the case's number."""

    def __init__(self, name, answer):
        self.name = name
        self.asked = []
        self._answer = answer

    def complete(self, prompt):
        self.asked.append(prompt)
        return self._answer(int(prompt))


def perfect(number):
    return LineGuess(f"return value_{number}  ", 1.0)


def half(number):
    return LineGuess(f"return value_{number}" if number % 2 else "retire", 0.5)


def nothing(number):
    return LineGuess("")


class Ticking:
    """A clock that moves by a second each time it is read."""

    def __init__(self):
        self.time = 0.0

    def __call__(self):
        self.time += 1
        return self.time


BOARD = run_scoreboard(
    [Answering("half", half), Answering("perfect", perfect), Answering("nothing", nothing)], CASES, now=Ticking()
)


def test_perfect_answers_get_full_marks():
    score = BOARD.score("perfect")
    assert (score.first_token.mean, score.exact_match.mean, score.edit_similarity.mean) == (1, 1, 100)
    assert (score.exact_match.low, score.exact_match.high) == (1, 1)
    assert score.calibration_error == 0
    assert (score.p50_ms, score.p95_ms) == (1000, 1000)
    assert score.failure is None and not BOARD.cut_short("perfect")


def test_marks_by_hand():
    score = BOARD.score("half")
    assert (score.first_token.mean, score.exact_match.mean) == (0.5, 0.5)
    # "retire" and "return value_0": r, e, t, r and the e at the end are matched, 10 of 20 characters.
    assert score.answers[0].edit_similarity == pytest.approx(100 * 10 / 20)
    assert score.edit_similarity.mean == pytest.approx(75)
    assert score.calibration_error == 0
    assert [part.count for part in score.reliability] == [0, 0, 0, 0, 0, 8, 0, 0, 0, 0]
    assert score.exact_match.low < 0.5 < score.exact_match.high


def test_without_a_confidence_there_is_no_calibration():
    score = BOARD.score("nothing")
    assert score.calibration_error is None and score.reliability == ()
    assert (score.first_token.mean, score.edit_similarity.mean) == (0, 0)


def test_the_winner_and_those_that_beat_a_system():
    assert BOARD.winner("exact_match") == BOARD.winner("edit_similarity") == "perfect"
    assert BOARD.beaten_by("nothing") == ("half", "perfect")
    assert BOARD.beaten_by("half") == ("perfect",)
    assert BOARD.beaten_by("perfect") == ()
    gap = BOARD.difference("perfect", "half", "exact_match")
    assert gap.mean == 0.5 and gap.low >= 0
    with pytest.raises(KeyError, match="no system 'x'"):
        BOARD.beaten_by("x")


def test_the_first_given_wins_a_tie():
    board = run_scoreboard([Answering("b", perfect), Answering("a", perfect)], CASES)
    assert board.winner("exact_match") == "b"
    assert board.beaten_by("a") == ()


def test_json_and_back():
    assert type(BOARD).from_json(json.loads(json.dumps(BOARD.to_json()))) == BOARD


def test_best_worst_and_random_samples():
    assert all(sample.answer.exact_match for sample in BOARD.best("half", 4))
    assert [sample.answer.guess for sample in BOARD.worst("half", 4)] == ["retire"] * 4
    assert BOARD.random("half", 3, 0) == BOARD.random("half", 3, 0)
    assert len(BOARD.random("half", 99, 0)) == len(BOARD.best("half", 99)) == 8
    for sample in BOARD.random("perfect", 8, 1):
        assert sample.question.target == sample.answer.guess.strip()


def test_the_prompts_end_is_kept():
    case = LineCase("x" * 1000 + "\n7\n", "a", "f", 3)
    system = Answering("s", perfect)
    system.complete = lambda prompt: LineGuess("a", None)
    board = run_scoreboard([system], [case])
    assert board.cases[0].prompt_tail == case.prompt[-PROMPT_TAIL_CHARACTERS:]
    assert (board.cases[0].path, board.cases[0].line, board.files) == ("f", 3, 1)


def test_a_system_that_fails_keeps_its_answers_and_says_why():
    def failing(number):
        if number == 3:
            raise ModelError("model.pt is damaged. Train it again.")
        return perfect(number)

    board = run_scoreboard([Answering("fails", failing), Answering("half", half)], CASES)
    score = board.score("fails")
    assert score.failure == "model.pt is damaged. Train it again."
    assert len(score.answers) == 3 and score.exact_match.mean == 1
    assert board.cut_short("fails") and board.winner("exact_match") == "half"
    assert board.difference("fails", "half", "exact_match").mean == pytest.approx(2 / 3)
    assert type(board).from_json(board.to_json()) == board


def test_a_system_that_never_answers_has_no_figures():
    def failing(_number):
        raise ModelError("gone")

    board = run_scoreboard([Answering("fails", failing)], CASES)
    score = board.score("fails")
    assert (score.answers, score.exact_match, score.p50_ms, score.failure) == ((), None, None, "gone")
    assert board.winner("exact_match") is None
    assert board.beaten_by("fails") == () and board.best("fails", 3) == []
    assert type(board).from_json(json.loads(json.dumps(board.to_json()))) == board


def test_a_mistake_in_the_program_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        run_scoreboard([Answering("wrong", lambda number: 1 / number)], CASES)


def test_a_slow_system_is_cut_short():
    # A case takes three readings of the clock: the limit, the beginning and the end.
    board = run_scoreboard([Answering("slow", perfect)], CASES, seconds_limit_per_system=7, now=Ticking())
    assert len(board.score("slow").answers) == 3
    assert board.cut_short("slow") and board.score("slow").failure is None


def test_the_first_case_is_asked_once_for_nothing():
    system = Answering("s", perfect)
    run_scoreboard([system], CASES)
    assert system.asked == ["0\n", *(case.prompt for case in CASES)]


def test_progress_is_told_case_by_case():
    told = []
    run_scoreboard([Answering("a", half)], CASES[:2], progress=lambda *event: told.append(event))
    assert told == [("a", 1, 2), ("a", 2, 2)]


def test_no_cases_and_equal_names_are_refused():
    with pytest.raises(ValueError, match="0 cases"):
        run_scoreboard([], [])
    with pytest.raises(ValueError, match="its own name"):
        run_scoreboard([Answering("a", half), Answering("a", half)], CASES)
