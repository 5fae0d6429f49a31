"""What is taught answers at once: the same prompt, typing along it, and the same place elsewhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store import DatasetStore, Edits
from dlcodegen_core.feedback import FEEDBACK_DATASET
from dlcodegen_core.feedback.memory import NEIGHBOURS, CorrectionMemory
from dlcodegen_core.feedback.places import place_of
from dlcodegen_core.storage.database import open_database

PROMPT = "import json\n\n\ndef load(path):\n    with path.open() as file:\n        "
TARGET = "return json.load(file)"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DatasetStore]:
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    yield DatasetStore(engine)
    engine.dispose()


def taught(store: DatasetStore, *pairs: Pair) -> CorrectionMemory:
    store.create(FEEDBACK_DATASET, pairs)
    return CorrectionMemory(store)


def said(memory: CorrectionMemory, text: str) -> str | None:
    found = memory.find(text)
    return found.text if found else None


def test_nothing_is_known_before_anything_is_taught(store: DatasetStore) -> None:
    memory = CorrectionMemory(store)
    assert memory.find(PROMPT) is None
    assert (len(memory), memory.lesson(PROMPT), memory.refresh()) == (0, None, None)


def test_the_same_prompt_is_answered_with_what_was_taught(store: DatasetStore) -> None:
    memory = taught(store, Pair(PROMPT, TARGET))
    found = memory.find(PROMPT)
    assert found is not None
    assert (found.text, found.exact, found.agreement, found.confidence) == (TARGET, True, len(PROMPT), 0.99)
    assert found.lesson.row_id == store.page(FEEDBACK_DATASET).rows[0].id
    assert found.lesson.prompt == PROMPT


def test_typing_along_a_taught_text_is_answered_with_its_rest(store: DatasetStore) -> None:
    memory = taught(store, Pair(PROMPT, TARGET))
    for typed in range(1, len(TARGET)):
        found = memory.find(PROMPT + TARGET[:typed])
        assert found is not None
        assert (found.text, found.exact) == (TARGET[typed:], True)
    assert said(memory, PROMPT + TARGET) is None
    assert said(memory, PROMPT + "return yaml") is None


def test_several_lines_are_typed_along_too(store: DatasetStore) -> None:
    target = "data = json.load(file)\n    return data"
    memory = taught(store, Pair(PROMPT, target))
    assert said(memory, PROMPT + "data = json.load(file)\n") == "    return data"
    assert said(memory, PROMPT + "data = json.load(file)\n    ret") == "urn data"


def test_the_same_last_two_lines_elsewhere_are_answered_less_surely(store: DatasetStore) -> None:
    memory = taught(store, Pair(PROMPT, TARGET))
    elsewhere = "import csv\n\ndef load(path):\n    with path.open() as file:\n\n        "
    found = memory.find(elsewhere)
    assert found is not None
    assert (found.text, found.exact, found.agreeing, found.disagreeing) == (TARGET, False, 1, 0)
    assert found.confidence == pytest.approx(2 / 3)
    assert said(memory, elsewhere + "return ") == "json.load(file)"
    assert said(memory, "with path.open() as files:\n        ") is None


def test_two_short_lines_are_no_place_to_be_known_again(store: DatasetStore) -> None:
    memory = taught(store, Pair("a = 1\ntry:\n    ", "work()"))
    assert said(memory, "a = 1\ntry:\n    ") == "work()"
    assert said(memory, "c = 3\na = 1\ntry:\n    ") is None


def test_the_longest_agreement_wins_and_then_the_newest(store: DatasetStore) -> None:
    end = "    rows = everything()\n    for item in rows:\n        "
    memory = taught(
        store, Pair(f"def one():\n{end}", "first()"), Pair(f"def two():\n{end}", "second()"), Pair(end, "third()")
    )
    assert said(memory, f"x\ndef one():\n{end}") == "first()"
    assert said(memory, f"x\ndef two():\n{end}") == "second()"
    assert said(memory, f"x\ndef two():\n{end}first") == "()"


def test_lessons_that_contradict_each_other_lower_the_confidence_and_then_silence_it(store: DatasetStore) -> None:
    end = "\n    rows = everything()\n    for item in rows:\n        "
    memory = taught(store, *(Pair(f"def {name}():{end}", target) for name, target in (("a", "x"), ("b", "x"))))
    found = memory.find(f"def c():{end}")
    assert found is not None
    assert (found.agreeing, found.disagreeing, found.confidence) == (2, 0, 3 / 4)
    store.save(FEEDBACK_DATASET, 1, Edits(added=[Pair(f"def d():{end}", "y"), Pair(f"def e():{end}", "x")]))
    found = memory.find(f"def c():{end}")
    assert found is not None
    assert (found.text, found.agreeing, found.disagreeing, found.confidence) == ("x", 3, 1, 4 / 6)
    store.save(FEEDBACK_DATASET, 2, Edits(added=[Pair(f"def f():{end}", "z")]))  # the newest, and alone
    assert memory.find(f"def c():{end}") is None
    assert said(memory, f"def f():{end}") == "z"


def test_in_a_crowded_place_the_most_agreeing_are_weighed(store: DatasetStore) -> None:
    end = "\n    rows = everything()\n    for item in rows:\n        "
    memory = taught(store, *(Pair(f"{n:04}{end}", "same") for n in range(3 * NEIGHBOURS)))
    found = memory.find(f"x{100:04}{end}")
    assert found is not None
    assert (found.lesson.prompt[:4], found.agreeing, found.disagreeing) == ("0100", 1, 0)
    found = memory.find(f"y{end}")
    assert found is not None
    assert (found.agreeing, found.disagreeing) == (NEIGHBOURS, 0)


def test_what_is_edited_deleted_and_restored_in_the_dataset_counts_at_once(store: DatasetStore) -> None:
    memory = taught(store, Pair(PROMPT, TARGET), Pair("a", "b"))
    row = store.page(FEEDBACK_DATASET).rows[0]
    store.save(FEEDBACK_DATASET, 1, Edits(changed={row.id: Pair(PROMPT, "return 1")}))
    assert said(memory, PROMPT) == "return 1"
    store.save(FEEDBACK_DATASET, 2, Edits(deleted=[store.page(FEEDBACK_DATASET).rows[0].id]))
    assert said(memory, PROMPT) is None
    store.restore(FEEDBACK_DATASET, 1, 3)
    assert said(memory, PROMPT) == TARGET
    store.delete(FEEDBACK_DATASET)
    assert (said(memory, PROMPT), len(memory)) == (None, 0)
    store.create(FEEDBACK_DATASET, [Pair(PROMPT, "anew")])
    assert said(memory, PROMPT) == "anew"


def test_what_another_process_changes_is_seen_at_the_next_question(store: DatasetStore, tmp_path: Path) -> None:
    memory = taught(store, Pair("a", "b"))
    assert said(memory, PROMPT) is None
    other = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    DatasetStore(other).save(FEEDBACK_DATASET, 1, Edits(added=[Pair(PROMPT, TARGET)]))
    assert said(memory, PROMPT) == TARGET
    DatasetStore(other).delete(FEEDBACK_DATASET)
    assert said(memory, PROMPT) is None
    other.dispose()


def test_a_database_that_refuses_leaves_what_is_known(store: DatasetStore, caplog: pytest.LogCaptureFixture) -> None:
    memory = taught(store, Pair(PROMPT, TARGET))
    assert said(memory, PROMPT) == TARGET
    with store.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.exec_driver_sql("ALTER TABLE revisions RENAME TO away")
    assert said(memory, PROMPT) == TARGET
    assert "cannot be read" in caplog.text


def test_what_was_taught_for_exactly_this_goes_before_a_longer_prompt_that_ends_alike(store: DatasetStore) -> None:
    memory = taught(store, Pair("a", "mine"), Pair("b\na", "of another"))
    assert said(memory, "a") == "mine"


texts = st.text(st.sampled_from("ab \n("), min_size=1, max_size=12).filter(str.strip)


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(texts, texts, min_size=1, max_size=5), texts)
def test_every_prompt_is_answered_exactly_and_forgotten_ones_never(
    tmp_path_factory: pytest.TempPathFactory, lessons: dict[str, str], other: str
) -> None:
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('memory') / 'a.sqlite'}")
    store = DatasetStore(engine)
    memory = taught(store, *(Pair(prompt, target) for prompt, target in lessons.items()), Pair("keep", "me"))
    for prompt, target in lessons.items():
        assert said(memory, prompt) == target
    found = memory.find(other)
    if found is not None and not found.exact:
        assert found.lesson.target.endswith(found.text)
        typed = len(found.lesson.target) - len(found.text)
        assert place_of(other[: len(other) - typed]) == place_of(found.lesson.prompt)
    gone = [row.id for row in store.page(FEEDBACK_DATASET).rows if row.pair.prompt in lessons]
    store.save(FEEDBACK_DATASET, 1, Edits(deleted=gone))
    assert [said(memory, prompt) for prompt in lessons if prompt != "keep"] == [None] * (len(lessons))
    engine.dispose()
