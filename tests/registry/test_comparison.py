from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.registry.comparison import differences, not_comparable, smoothed


def _card(version: str, **options: object) -> ModelCard:
    config = TrainConfig(**{name: options.pop(name) for name in list(options) if hasattr(TrainConfig(), name)})  # type: ignore[arg-type]
    card = ModelCard(
        version=version, name="", created_at="2026-01-01T00:00:00+00:00", dataset="mine", dataset_revision=1,
        dataset_fingerprint="abc", pairs=1, samples=1, config=config, embedder="local", embedder_title="local",
        tokens=(), keyword_terms=(), keyword_idf=(), metrics={},
    )  # fmt: skip
    return replace(card, **options)  # type: ignore[arg-type]


def test_only_what_differs_is_told():
    found = differences([_card("v1"), _card("v2", dropout=0.5, hidden_layers=(64, 32))])
    assert {each.name: dict(each.values) for each in found} == {
        "dropout": {"v1": "0.2", "v2": "0.5"},
        "layers": {"v1": "512 256 128 64", "v2": "64 32"},
    }


def test_versions_made_alike_have_no_differences():
    assert differences([_card("v1"), _card("v2")]) == []


def test_a_setting_that_only_one_kind_has_is_a_dash_for_the_other():
    sequence = replace(_card("v2"), config=TrainConfig.sequence())
    values = {each.name: each.values for each in differences([_card("v1"), sequence])}
    assert values["dropout"] == {"v1": "0.2", "v2": "–"}


def test_what_they_learned_from_is_told_with_its_revision():
    found = {each.name: each.values for each in differences([_card("v1"), _card("v2", dataset_revision=2)])}
    assert found["learned from"] == {"v1": "mine, revision 1", "v2": "mine, revision 2"}


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (_card("v2", dataset_fingerprint="xyz"), "held-out"),
        (_card("v2", seed=1), "held-out"),
        (_card("v2", vocabulary_size=50), "vocabularies"),
        (replace(_card("v2"), config=TrainConfig.sequence()), "kinds"),
    ],
)
def test_figures_that_must_not_be_compared_are_told_so(other, reason):
    assert reason in not_comparable([_card("v1"), other])


def test_figures_on_the_same_held_out_data_may_be_compared():
    assert not_comparable([_card("v1"), _card("v2", dropout=0.4)]) == ""


def test_without_smoothing_a_curve_stays_as_it_is():
    assert smoothed([1.0, None, 3.0], 0.0) == [1.0, None, 3.0]


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=40), st.floats(0, 0.99))
def test_a_smoothed_curve_stays_within_its_values_and_keeps_its_gaps(values, strength):
    result = smoothed(values, strength)
    known = [value for value in values if value is not None]
    assert [value is None for value in result] == [value is None for value in values]
    assert all(min(known) - 1e-3 <= value <= max(known) + 1e-3 for value in result if value is not None)


def test_a_constant_curve_stays_constant():
    assert smoothed([2.0] * 5, 0.9) == pytest.approx([2.0] * 5)
