"""The memory of what was served: bounded, and each choice counts once."""

from dlcodegen_core.inference.prediction import Candidate, Prediction, PredictionRequest
from dlcodegen_core.serving.served import ServedCompletion, ServedCompletions
from dlcodegen_core.storage.memory_cache import MemoryCache


def served(prompt: str = "x = ") -> ServedCompletion:
    request = PredictionRequest(prompt, ("import os",))
    answer = Prediction("1", 0.9, lambda: None, (Candidate("1", 0.9),), {"decode": 5.0}, False, "v1", arm="b")  # type: ignore[arg-type]
    return ServedCompletion.of(request, answer, ("1",), "ann")


def test_a_completion_is_found_with_its_whole_prompt() -> None:
    memory = ServedCompletions()
    memory.remember("a", served())
    found = memory.find("a")
    assert found is not None
    assert (found.prompt, found.texts, found.version, found.arm) == ("import os\nx = ", ("1",), "v1", "b")
    assert (found.user, found.latency_ms) == ("ann", 5.0)
    assert memory.unknown == 0


def test_the_oldest_go_when_there_is_no_more_room_and_are_then_unknown() -> None:
    memory = ServedCompletions(MemoryCache(1000, weigh=lambda one: one.characters))
    for number in range(10):
        memory.remember(str(number), served())
    assert memory.find("9") is not None
    assert memory.find("0") is None
    assert memory.unknown == 1


def test_they_are_forgotten_after_a_while() -> None:
    now = [0.0]
    memory = ServedCompletions(MemoryCache(1e6, 60.0, lambda one: one.characters, lambda: now[0]))
    memory.remember("a", served())
    now[0] = 61.0
    assert memory.find("a") is None


def test_each_choice_is_told_of_once() -> None:
    memory = ServedCompletions()
    assert [memory.first_time("a", 0), memory.first_time("a", 0), memory.first_time("a", 1)] == [True, False, True]
