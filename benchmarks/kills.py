"""`python -m benchmarks.kills [200]`: kill -9 at random moments while versions are made, moved, brought in and deleted.

A process works on a folder of versions and writes down each step before and after. It is killed; then a fresh
`VersionStore` has to find every version whole or absent, none lost, aliases on versions that answer, numbers used
once, and no leftovers. The next process goes on in the same folder. tests/services/test_registry_kills.py does a few.
"""

import io
import json
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.config import TrainConfig
from dlcodegen_core.errors import ModelError
from dlcodegen_core.features.layout import DIMENSIONS
from dlcodegen_core.models.saved_model import ModelCard, save_arrays
from dlcodegen_core.models.version_folders import LOCK_FILE, NUMBER_FILE, TRASH, claim_version, is_version_name
from dlcodegen_core.registry.proving import prove
from dlcodegen_core.registry.register_file import FILE
from dlcodegen_core.registry.versions import VersionStore

KILLS = 200
LONGEST_SECONDS = 0.4  # a process lives no longer
MOST_VERSIONS = 6
TOKENS, WIDTH = ("return ", "self"), 4


def small_weights(seed: int) -> dict[str, NDArray[np.generic]]:
    """Those of a DeepCodeNet with one hidden layer, drawn at random."""
    draw = np.random.default_rng(seed).standard_normal
    shapes = {
        "hidden.0.0.weight": (WIDTH, DIMENSIONS), "hidden.0.0.bias": (WIDTH,), "hidden.0.2.weight": (WIDTH,),
        "hidden.0.2.bias": (WIDTH,), "hidden.0.2.running_mean": (WIDTH,),
        "output.weight": (len(TOKENS) + 2, WIDTH), "output.bias": (len(TOKENS) + 2,),
    }  # fmt: skip
    weights: dict[str, NDArray[np.generic]] = {name: draw(shape).astype(np.float32) for name, shape in shapes.items()}
    count = np.array(0, np.int64)
    return {**weights, "hidden.0.2.running_var": np.ones(WIDTH, np.float32), "hidden.0.2.num_batches_tracked": count}


def small_card(version: str, **changes: Any) -> ModelCard:
    """The card of such a model."""
    given: dict[str, Any] = {
        "version": version, "name": "", "created_at": "2026-01-01T00:00:00+00:00", "dataset": "d",
        "dataset_revision": 1, "dataset_fingerprint": "ab" * 32, "pairs": 3, "samples": 3,
        "config": TrainConfig(hidden_layers=(WIDTH,)), "embedder": "local:test", "embedder_title": "test",
        "tokens": TOKENS, "keyword_terms": ("def",), "keyword_idf": (1.5,),
        "metrics": {"loss": 0.5, "val_accuracy": 0.25, "held_out_samples": 8, "unknown_share": 0.1},
    }  # fmt: skip
    return ModelCard(**{**given, **changes})


def save_small_version(root: Path, seed: int = 0, **changes: Any) -> str:
    """Save such a model as the next version, the way a training does."""
    folder = claim_version(root)
    save_arrays(folder, small_card(folder.name, **changes), small_weights(seed))
    return folder.name


def work(root: str, journal: str, seed: int) -> None:
    """Do one thing after another until somebody kills this process."""
    store, chance = VersionStore(Path(root)), random.Random(seed)
    handle = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(**said: object) -> None:
        os.write(handle, (json.dumps(said) + "\n").encode())

    while True:
        name = chance.choice(list(STEPS))
        note(begins=name)
        try:
            made = STEPS[name](store, chance, note)
        except ModelError:
            made = None  # there was nothing to do it with, or an alias stands on it
        register = store.register()
        note(did=name, made=made, production=register.production, candidate=register.candidate)


def _there(store: VersionStore) -> list[str]:
    return [each.version for each in store.all()]


def _save(store: VersionStore, chance: random.Random, _note: Callable[..., None]) -> str | None:
    return save_small_version(store.root, chance.randrange(1000)) if len(_there(store)) < MOST_VERSIONS else None


def _fine_tune(store: VersionStore, chance: random.Random, _note: Callable[..., None]) -> str:
    """What a fine-tuning does to the versions: one more that has a parent, and the gate's verdict on it."""
    parent = store.resolve(None)
    tuned = save_small_version(store.root, chance.randrange(1000), parent=parent, tuning={"verdict": "better"})
    chance.choice((store.promote, store.set_candidate))(tuned)
    return tuned


def _import(store: VersionStore, chance: random.Random, _note: Callable[..., None]) -> str:
    return store.import_bundle(io.BytesIO(store.bundle(chance.choice(_there(store) or [None]))), "one.zip")


def _label(store: VersionStore, chance: random.Random, _note: Callable[..., None]) -> None:
    store.label(chance.choice(_there(store) or ["v1"]), "name", "note", ["tag"])


def _purge(store: VersionStore, chance: random.Random, note: Callable[..., None]) -> None:
    doomed = chance.choice([each.version for each in store.trash()] or ["v0"])
    note(purges=doomed)
    store.purge(doomed)


STEPS: dict[str, Callable[[VersionStore, random.Random, Callable[..., None]], str | None]] = {
    "save": _save,
    "promote": lambda store, chance, note: store.promote(chance.choice(_there(store) or ["v1"])),
    "make candidate": lambda store, chance, note: store.set_candidate(chance.choice(_there(store) or ["v1"])),
    "roll back": lambda store, chance, note: store.roll_back() and None,
    "fine-tune": _fine_tune,
    "import": _import,
    "label": _label,
    "delete": lambda store, chance, note: store.delete(chance.choice(_there(store) or ["v1"])),
    "delete another": lambda store, chance, note: store.delete(chance.choice(_there(store) or ["v1"])),
    "restore": lambda store, chance, note: store.restore(chance.choice([t.version for t in store.trash()] or ["v0"])),
    "purge": _purge,
}


def check(root: Path, journal: Path) -> str:
    """Look at what a killed process left; return what it was doing. Raises AssertionError or ModelError."""
    store = VersionStore(root)
    store.tidy()
    strange = [path.name for path in root.iterdir() if not is_version_name(path.name)]
    assert set(strange) <= {TRASH, FILE, LOCK_FILE, NUMBER_FILE}, f"left over: {strange}"
    kept = set(_there(store)) | {each.version for each in store.trash()}
    for version in kept:
        folder = root / version if (root / version).is_dir() else root / TRASH / version
        assert prove(folder).version == version
    if (root / TRASH).is_dir():
        assert all(is_version_name(path.name) for path in (root / TRASH).iterdir())
    register = store.register()
    for version in (register.production, register.candidate):
        if version:
            prove(store.folder(version))
    prove(store.folder(store.resolve(None)))
    assert not store.production_problem()
    said = [json.loads(line) for line in journal.read_text().splitlines()] if journal.is_file() else []
    made = [line["made"] for line in said if line.get("made")]
    assert len(made) == len(set(made)), "a number was used twice"
    lost = set(made) - {line["purges"] for line in said if "purges" in line} - kept
    assert not lost, f"lost: {lost}"
    if said and "did" in said[-1]:
        assert (register.production, register.candidate) == (said[-1]["production"], said[-1]["candidate"])
    return next((line["begins"] for line in reversed(said[-2:]) if "begins" in line), "starting")


def forks() -> BaseContext:
    """Processes that start in milliseconds, forked from one that has imported everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["dlcodegen_core.registry.versions"])
    return context


def kill_once(root: Path, journal: Path, context: BaseContext, chance: random.Random) -> str:
    """Let a process work for a random time, kill it, and check; return what it was doing."""
    process = context.Process(target=work, args=(str(root), str(journal), chance.randrange(2**32)))  # type: ignore[attr-defined]
    before = journal.stat().st_size if journal.is_file() else 0
    process.start()
    while not journal.is_file() or journal.stat().st_size == before:
        time.sleep(0.001)
    time.sleep(chance.uniform(0, LONGEST_SECONDS))
    process.kill()
    process.join()
    assert process.exitcode == -9, f"it ended by itself with {process.exitcode}"
    return check(root, journal)


def main(kills: int) -> int:
    """Kill so many times, and print what was interrupted."""
    folder, chance, context = Path(tempfile.mkdtemp()), random.Random(0), forks()
    try:
        journal = folder / "journal"
        doing = Counter(kill_once(folder / "versions", journal, context, chance) for _kill in range(kills))
        steps = sum('"did"' in line for line in journal.read_text().splitlines())
    finally:
        shutil.rmtree(folder)
    print(f"{kills} kills amid {steps:,} steps: no version lost or half-visible, every alias on one that answers.")
    print(", ".join(f"{name} {times}" for name, times in doing.most_common()))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else KILLS))
