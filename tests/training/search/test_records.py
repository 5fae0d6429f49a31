import pytest

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.errors import StorageError
from dlcodegen_core.training.search.records import DONE, FAILED, PRUNED, Gain, SearchRecord, SearchStore, Trial

SETTINGS = {"learning_rate": 0.01, "dropout": 0.1, "batch_size": 32, "hidden_layers": [128, 64]}


def _record() -> SearchRecord:
    return SearchRecord.begin("mine", 3, 60.0, TrainConfig(seed=7))


def _trial(number: int, state: str, loss: float | None) -> Trial:
    return Trial(number, SETTINGS, state, loss, None if loss is None else 0.2, 5, 1.5)


def test_a_search_is_read_back_as_it_was_saved(tmp_path):
    store = SearchStore(tmp_path)
    gain = Gain(40, 3.0, 0.1, 2.5, 0.2, 0.5, 0.1, 0.9)
    record = SearchRecord(**{**vars_of(_record().with_trial(_trial(0, DONE, 2.5))), "gain": gain, "over": True})
    store.save(record)
    assert store.load(record.id) == record
    assert store.all() == [record]


def vars_of(record: SearchRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__slots__}


def test_the_best_trial_is_one_that_was_trained_to_its_end():
    record = _record()
    for number, (state, loss) in enumerate([(DONE, 3.0), (PRUNED, 1.0), (DONE, 2.0), (FAILED, None)]):
        record = record.with_trial(_trial(number, state, loss))
    assert record.best is not None and record.best.number == 2


def test_the_settings_of_a_trial_lead_to_a_configuration_with_the_rest_as_it_was():
    config = _record().config_of(_trial(0, DONE, 1.0))
    assert (config.hidden_layers, config.learning_rate, config.seed) == ((128, 64), 0.01, 7)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"id": 1}', b"\xff\xfe"])
def test_a_damaged_file_is_named_and_hides_no_other_search(tmp_path, content):
    store = SearchStore(tmp_path)
    good = _record()
    store.save(good)
    bad = tmp_path / f"{'0' * 32}.json"
    bad.write_bytes(content)
    with pytest.raises(StorageError, match=bad.name):
        store.load(bad.stem)
    assert store.all() == [good]


@pytest.mark.parametrize("search_id", ["", "../secret", "x" * 32, "0" * 31])
def test_no_other_name_than_an_id_is_looked_for(tmp_path, search_id):
    assert SearchStore(tmp_path).load(search_id) is None
