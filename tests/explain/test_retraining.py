"""Which version to put beside which, before and after its data changed."""

from dataclasses import replace

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.explain.retraining import Retraining, retraining_of
from dlcodegen_core.models.saved_model import ModelCard

FIRST = ModelCard(
    version="v1", name="", created_at="2026-01-01T00:00:00+00:00", dataset="mine", dataset_revision=1,
    dataset_fingerprint="", pairs=3, samples=3, config=TrainConfig(), embedder="local:test", embedder_title="test",
    tokens=(), keyword_terms=(), keyword_idf=(), metrics={},
)  # fmt: skip
SAME_DATA = replace(FIRST, version="v2")
LATER = replace(FIRST, version="v3", dataset_revision=4)
LATEST = replace(FIRST, version="v4", dataset_revision=5)
LINES = replace(LATEST, version="v5", config=TrainConfig.sequence())
OTHER = replace(LATEST, version="v6", dataset="another")
ALL = (OTHER, LINES, LATEST, LATER, SAME_DATA, FIRST)


def test_a_version_stands_beside_the_newest_of_a_later_revision() -> None:
    assert retraining_of(FIRST, ALL) == Retraining(FIRST, LATEST)
    assert retraining_of(LATER, ALL) == Retraining(LATER, LATEST)


def test_the_newest_stands_beside_what_it_came_from() -> None:
    assert retraining_of(LATEST, ALL) == Retraining(LATER, LATEST)


def test_other_data_another_kind_and_the_same_revision_are_no_before_or_after() -> None:
    assert retraining_of(FIRST, (OTHER, LINES, SAME_DATA, FIRST)) is None
    assert retraining_of(OTHER, ALL) is None


def test_a_version_of_no_stored_dataset_has_neither() -> None:
    loose = replace(FIRST, dataset_revision=None)
    assert retraining_of(loose, (LATER, loose)) is None
    assert retraining_of(LATER, (LATER, loose)) is None
