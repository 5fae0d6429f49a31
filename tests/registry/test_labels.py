"""Labels as people type them: kept as they are, or refused with a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.errors import ModelError
from dlcodegen_core.registry.labels import Labels


def test_blanks_around_labels_go_and_a_tag_counts_once() -> None:
    labels = Labels.of(" parser \n", "  learned\nmuch ", ["fast", " fast", "", "small "])
    assert labels == Labels("parser", "learned\nmuch", ("fast", "small"))


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({"name": "x" * 81}, "The name cannot be used. Use at most 80"),
        ({"name": "a\nb"}, "The name cannot be used"),
        ({"name": "\ud800"}, "The name cannot be used"),
        ({"note": "x" * 5001}, "The note has 5,001 characters"),
        ({"note": "a\x1bb"}, "The note holds characters"),
        ({"tags": ["a,b"]}, "The tag 'a,b' cannot be used"),
        ({"tags": ["x" * 41]}, "cannot be used. Use at most 40"),
        ({"tags": [str(number) for number in range(21)]}, "There are 21 tags"),
    ],
)
def test_labels_that_cannot_be_used_are_refused(labels: dict[str, object], told: str) -> None:
    with pytest.raises(ModelError, match=told):
        Labels.of(**labels)  # type: ignore[arg-type]


@given(st.text(max_size=90), st.text(max_size=200), st.lists(st.text(max_size=50), max_size=25))
def test_any_text_is_kept_and_read_back_or_refused(name: str, note: str, tags: list[str]) -> None:
    try:
        labels = Labels.of(name, note, tags)
    except ModelError:
        return
    assert Labels.from_json(labels.to_json()) == labels
    (labels.name + labels.note + "".join(labels.tags)).encode()


@pytest.mark.parametrize(
    "value",
    [None, [], {}, {"name": "a"}, {"name": "a", "note": "", "tags": "abc"}, {"name": 1, "note": "", "tags": []},
     {"name": "", "note": "", "tags": [1]}, {"name": "", "note": "", "tags": [], "more": 1}],
)  # fmt: skip
def test_labels_of_another_form_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"labels|tags|texts"):
        Labels.from_json(value)
