"""What is written in Chroma: it comes back as it was, and what others have written is not taken for ours."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.data.store import DatasetInfo
from dlcodegen_core.retrieval.index_card import (
    IndexCard,
    collection_name,
    label_of,
    name_beginning,
    prompt_key,
    row_ids,
)

MADE = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
INFO = DatasetInfo("d", 3, 20, MADE, MADE, "", "", "f3")
values = st.none() | st.booleans() | st.integers() | st.text(max_size=5)


def test_a_card_tells_a_whole_index_from_one_that_is_not() -> None:
    card = IndexCard("e")
    assert not card.is_whole
    begun = card.begun(INFO)
    assert (begun.is_whole, begun.is_settled, begun.goal) == (False, False, 3)
    assert begun.left_off(INFO).is_settled
    whole = begun.whole(INFO)
    assert (whole.is_whole, whole.is_settled, whole.pairs) == (True, True, 20)
    assert whole.follows(INFO)
    assert not whole.follows(replace(INFO, revision=4))
    assert not whole.begun(INFO).follows(INFO)


def test_each_build_leaves_another_stamp() -> None:
    assert IndexCard("e").whole(INFO).stamp != IndexCard("e").whole(INFO).stamp


def test_a_card_comes_back_as_it_was() -> None:
    for card in (IndexCard("e"), IndexCard("e").begun(INFO), IndexCard("e").whole(INFO)):
        assert IndexCard.from_metadata(card.to_metadata()) == card


@given(st.none() | st.dictionaries(st.text(max_size=9) | st.sampled_from(list(IndexCard("").to_metadata())), values))
def test_what_somebody_else_wrote_is_no_card_or_a_sound_one(metadata: dict[str, object] | None) -> None:
    card = IndexCard.from_metadata(metadata)
    assert card is None or IndexCard.from_metadata(card.to_metadata()) == card


@given(st.text(st.characters()))
def test_a_collection_has_a_name_that_chroma_takes(embedder: str) -> None:
    name = collection_name(INFO, embedder)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", name)
    assert name.startswith(name_beginning(INFO))


def test_a_collection_is_of_one_dataset_and_one_embedder() -> None:
    later = replace(INFO, created_at=MADE + timedelta(microseconds=1))
    names = {collection_name(info, embedder) for info in (INFO, later) for embedder in ("a", "b")}
    assert len(names) == 4
    assert collection_name(replace(INFO, name="renamed", revision=9), "a") in names


@given(st.lists(st.integers(1, 2**63), min_size=1, max_size=9))
def test_rows_come_back_from_what_is_written_on_their_vector(rows: list[int]) -> None:
    assert row_ids(label_of(rows)) == rows


@given(st.text(st.characters()), st.text(st.characters()))
def test_prompts_have_one_key_if_they_are_equal(one: str, other: str) -> None:
    assert (prompt_key(one) == prompt_key(other)) == (one == other)
