"""What a cache of predictions must do alike in memory and in Redis."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.inference.prediction import Candidate, KnownFeatures, Prediction
from dlcodegen_core.inference.prediction_cache import PredictionCache

Late = Callable[[], NDArray[np.float32]]


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Workplace:
    """An empty cache of three entries that live 100 s, and its clock."""

    cache: PredictionCache
    clock: Clock


def key(name: str) -> bytes:
    return name.encode().ljust(20, b"\0")


def features(seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(DIMENSIONS).astype(np.float32)


def prediction(text: str, version: str = "v1", features_of: Late | None = None) -> Prediction:
    candidates = (Candidate(text, 0.75, tuple(text)), Candidate("pass\n    é", 0.1 + 0.2, ("pass", "\n    ", "é")))
    stages = {"cache look-up": 0.012, "model load": 0.0, "decode": 1 / 3}
    return Prediction(
        text, 0.75, features_of or KnownFeatures(features(len(text))), candidates, stages, False, version
    )  # fmt: skip


def never() -> NDArray[np.float32]:
    raise AssertionError("these features are known")


def found(cache: PredictionCache, name: str, version: str = "v1") -> str | None:
    """The completion kept under a name."""
    kept = cache.get(key(name), version, never)
    return kept.completion if kept else None


def same(one: Prediction | None, other: Prediction) -> bool:
    """Whether all that can be seen of two predictions is equal."""
    fields = ("completion", "confidence", "candidates", "latency_ms", "cached", "version", "abstained", "taught_by")
    return (
        one is not None
        and all(getattr(one, field) == getattr(other, field) for field in fields)
        and np.array_equal(one.features, other.features)
    )


def _what_is_put_comes_back_whole(place: Workplace) -> None:
    put = prediction("return x")
    place.cache.put(key("a"), "v1", put)
    got = place.cache.get(key("a"), "v1", never)
    assert same(got, put) and same(place.cache.peek(key("a"), "v1", never), put)
    assert got.features.dtype == np.float32 and got.features is got.features


def _features_that_are_not_known_are_computed_when_they_are_looked_at(place: Workplace) -> None:
    asked = []

    def late() -> NDArray[np.float32]:
        asked.append(1)
        return features(7)

    place.cache.put(key("a"), "v1", prediction("x", features_of=late))
    got = place.cache.get(key("a"), "v1", late)
    assert asked == []
    assert np.array_equal(got.features, features(7)) and asked == [1]


def _an_answer_without_a_candidate_is_kept_too(place: Workplace) -> None:
    nothing = Prediction("", 0.0, KnownFeatures(features()), (), {}, False, "v1")
    place.cache.put(key("a"), "v1", nothing)
    assert same(place.cache.get(key("a"), "v1", never), nothing)


def _another_version_or_key_has_nothing(place: Workplace) -> None:
    place.cache.put(key("a"), "v1", prediction("x"))
    assert (found(place.cache, "a", "v2"), found(place.cache, "b")) == (None, None)


def _the_least_recently_used_goes_first(place: Workplace) -> None:
    for name in "abc":
        place.cache.put(key(name), "v1", prediction(name))
    assert found(place.cache, "a") == "a"
    place.cache.peek(key("b"), "v1", never)
    place.cache.put(key("d"), "v1", prediction("d"))
    assert [found(place.cache, name) for name in "abcd"] == ["a", "b", None, "d"]
    place.cache.put(key("a"), "v1", prediction("again"))
    place.cache.put(key("e"), "v1", prediction("e"))
    assert [found(place.cache, name) for name in "abde"] == ["again", None, "d", "e"]
    assert place.cache.stats().evictions == 2


def _an_entry_grows_old_however_often_it_is_used(place: Workplace) -> None:
    place.cache.put(key("a"), "v1", prediction("a"))
    place.clock.now += 60
    place.cache.put(key("b"), "v1", prediction("b"))
    place.clock.now += 39
    assert (found(place.cache, "a"), found(place.cache, "b")) == ("a", "b")
    place.clock.now += 1
    assert (found(place.cache, "a"), found(place.cache, "b")) == (None, "b")
    stats = place.cache.stats()
    assert (stats.entries, stats.evictions) == (1, 0), "what grew old was not pushed out"


def _putting_anew_gives_a_new_life(place: Workplace) -> None:
    place.cache.put(key("a"), "v1", prediction("a"))
    place.clock.now += 60
    place.cache.put(key("a"), "v1", prediction("b"))
    place.clock.now += 60
    assert found(place.cache, "a") == "b"


def _what_is_old_makes_room_before_what_is_used(place: Workplace) -> None:
    place.cache.put(key("a"), "v1", prediction("a"))
    place.clock.now += 60
    for name in "bc":
        place.cache.put(key(name), "v1", prediction(name))
    found(place.cache, "a")
    place.clock.now += 60
    place.cache.put(key("d"), "v1", prediction("d"))
    assert [found(place.cache, name) for name in "abcd"] == [None, "b", "c", "d"]
    assert place.cache.stats().evictions == 0


def _hits_and_misses_are_counted_and_peeks_are_not(place: Workplace) -> None:
    before = place.cache.stats()
    assert (before.hits, before.misses, before.evictions, before.hit_rate) == (0, 0, 0, None)
    found(place.cache, "a")
    place.cache.put(key("a"), "v1", prediction("a"))
    found(place.cache, "a")
    place.cache.peek(key("a"), "v1", never)
    place.cache.peek(key("b"), "v1", never)
    stats = place.cache.stats()
    assert (stats.hits, stats.misses, stats.size, stats.entries, stats.max_size) == (1, 1, 1, 1, 3)


def _a_versions_answers_are_forgotten_and_no_others(place: Workplace) -> None:
    for version in ("v1", "v11", "base"):
        place.cache.put(key("a"), version, prediction(version, version))
    place.cache.forget("v1")
    assert [found(place.cache, "a", version) for version in ("v1", "v11", "base")] == [None, "v11", "base"]
    place.cache.forget("v1")
    place.cache.forget("nobody's")
    assert place.cache.stats().entries == 2 and place.cache.stats().evictions == 0


def _clearing_forgets_everything_but_the_counters(place: Workplace) -> None:
    place.cache.put(key("a"), "v1", prediction("a"))
    found(place.cache, "a")
    place.cache.clear()
    assert (found(place.cache, "a"), place.cache.stats().entries, place.cache.stats().hits) == (None, 0, 1)
    place.cache.put(key("a"), "v1", prediction("b"))
    assert found(place.cache, "a") == "b"


def _a_well_cache_has_no_problem(place: Workplace) -> None:
    place.cache.stats()
    assert place.cache.problem() == ""


CONTRACT = [
    _what_is_put_comes_back_whole,
    _features_that_are_not_known_are_computed_when_they_are_looked_at,
    _an_answer_without_a_candidate_is_kept_too,
    _another_version_or_key_has_nothing,
    _the_least_recently_used_goes_first,
    _an_entry_grows_old_however_often_it_is_used,
    _putting_anew_gives_a_new_life,
    _what_is_old_makes_room_before_what_is_used,
    _hits_and_misses_are_counted_and_peeks_are_not,
    _a_versions_answers_are_forgotten_and_no_others,
    _clearing_forgets_everything_but_the_counters,
    _a_well_cache_has_no_problem,
]
