"""The contract on SQLite, and that what is forgotten is in no byte of its files."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store import DatasetStore, Edits
from dlcodegen_core.errors import RequestError, StorageError
from dlcodegen_core.feedback import FEEDBACK_DATASET
from dlcodegen_core.feedback.records import ACCEPTED, EDITED, REJECTED, Feedback
from dlcodegen_core.feedback.store import FeedbackStore
from dlcodegen_core.storage.database import open_database
from tests.feedback.contract import ACCEPT, CONTRACT, EDIT, REJECT, open_store


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'workbench.sqlite'}")
    yield engine
    engine.dispose()


@pytest.mark.parametrize("rule", CONTRACT, ids=lambda rule: rule.__name__)
def test_sqlite_keeps_the_contract(engine: Engine, rule: Callable[[Engine], None]) -> None:
    rule(engine)


def test_no_byte_of_what_is_forgotten_stays_in_the_files(engine: Engine, tmp_path: Path) -> None:
    store, datasets = open_store(engine)
    ids: dict[int, int] = {}
    for round_ in range(3):
        for number in range(14):
            # long and short, so that pages split, overflow and are merged
            chance = random.Random(number)
            secret, filler = f"SECRET{number:02}x", "\n".join(f"# {chance.random()}" for _ in range(number * 9))
            prompt = f"{filler}\nkey_{secret} = "
            correction = f"'{secret} {round_} {filler}'"
            ids[number] = store.record(Feedback(EDITED, prompt, f"old_{secret}", "v1", correction=correction)).id
    store.record(Feedback(REJECTED, "only_SECRET99x = ", "rejected_SECRET99x", "v1"))
    row = next(row for row in datasets.each(FEEDBACK_DATASET) if "SECRET05x" in row.pair.prompt)
    head = datasets.info(FEEDBACK_DATASET).revision
    datasets.save(FEEDBACK_DATASET, head, Edits(changed={row.id: Pair("edited_SECRET05x =", "by_hand_SECRET05x")}))
    gone = [5, 0, 13, 7]
    assert b"SECRET05x" in _bytes(tmp_path)
    for number in gone:
        if number == 5:
            store.forget(row_id=datasets.page(FEEDBACK_DATASET, wanted="SECRET05x").rows[0].id)
        else:
            store.forget(ids[number])
    store.forget(store.events(outcome=REJECTED)[0].id)
    content = _bytes(tmp_path)
    left = {number for number in range(100) if f"SECRET{number:02}x".encode() in content}
    assert left == set(range(14)) - set(gone)
    assert not any(f"ET{number:02}x".encode() in content for number in gone)
    assert datasets.page(FEEDBACK_DATASET, wanted="SECRET06x").total == 1
    assert datasets.page(FEEDBACK_DATASET, wanted="SECRET07x").total == 0


def test_a_later_text_that_cannot_be_compared_is_refused(engine: Engine) -> None:
    store, _datasets = open_store(engine)
    accepted, rejected, forgotten = (store.record(one).id for one in (ACCEPT, REJECT, EDIT))
    with pytest.raises(RequestError, match="is a rejection"):
        store.note_later(rejected, "x", 1)
    for text, seconds, told in (
        (3, 1, "The text is int"),
        ("x" * 1_000_001, 1, "1,000,001 characters"),
        ("x", float("inf"), "seconds is inf"),
        ("x", -1, "seconds is -1"),
        ("x", "9", "seconds is '9'"),
        ("x", True, "seconds is True"),
    ):
        with pytest.raises(RequestError, match=told):
            store.note_later(accepted, text, seconds)  # type: ignore[arg-type]
    store.forget(forgotten)
    with pytest.raises(RequestError, match="was forgotten"):
        store.note_later(forgotten, "x", 1)


def test_a_database_that_refuses_is_told_in_plain_words(engine: Engine) -> None:
    store, _datasets = open_store(engine)
    store.record(ACCEPT)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.exec_driver_sql("ALTER TABLE feedback_events RENAME TO away")
    with pytest.raises(StorageError, match="The feedback: the database refused"):
        store.events()


def test_the_feedback_of_one_process_answers_in_another(engine: Engine, tmp_path: Path) -> None:
    other = open_database(f"sqlite:///{tmp_path / 'workbench.sqlite'}")
    store, _datasets = open_store(engine)
    elsewhere = FeedbackStore(other, DatasetStore(other))
    event = store.record(Feedback(ACCEPTED, "a = ", "1", "v1"))
    assert elsewhere.event(event.id) == event
    elsewhere.forget(event.id)
    assert store.memory.refresh() is None
    assert store.memory.find("a = ") is None
    other.dispose()


def _bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("workbench.sqlite*"))
