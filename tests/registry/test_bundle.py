"""A version as one file: it comes back as it was, and whatever else is given leaves nothing behind but a sentence."""

import hashlib
import io
import json
import random
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.kills import save_small_version
from dlcodegen_core.errors import ModelError, StorageError
from dlcodegen_core.models.saved_model import load_card
from dlcodegen_core.registry.labels import Labels
from dlcodegen_core.registry.versions import VersionStore

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> VersionStore:
    """A workbench with one labelled version that was fine-tuned on a folder of this machine."""
    root = tmp_path_factory.mktemp("original") / "versions"
    save_small_version(root, 1, parent="v7", source_folder="/home/somebody/project", tuning={"verdict": "better"})
    store = VersionStore(root)
    store.label("v1", "mine", "a note", ["tag"])
    return store


@pytest.fixture(scope="module")
def whole(original: VersionStore) -> bytes:
    return original.bundle("v1")


@pytest.fixture
def store(tmp_path: Path) -> VersionStore:
    return VersionStore(tmp_path / "versions")


def _files(content: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _packed(files: Mapping[str, bytes], how: int = zipfile.ZIP_STORED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def _vouched(files: Files) -> bytes:
    """A bundle of these files whose list vouches for them, so that only their content can be refused."""
    listed = {
        name: {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
        if name != "manifest.json"
    }
    manifest = {**json.loads(files["manifest.json"]), "files": listed}
    return _packed({**files, "manifest.json": json.dumps(manifest).encode()})


def _with_card(files: Files, **changes: Any) -> bytes:
    return _vouched({**files, "model.json": json.dumps({**json.loads(files["model.json"]), **changes}).encode()})


def _refused(store: VersionStore, content: bytes, told: str = "given") -> None:
    with pytest.raises(ModelError, match=told) as caught:
        store.import_bundle(io.BytesIO(content), "given.zip")
    assert "given.zip" in str(caught.value)
    assert store.all() == [] and store.trash() == []
    left = {path.name for path in store.root.iterdir()}
    assert left <= {"registry.lock", "last_number"}, left


def test_a_version_comes_back_as_it_was_under_the_next_number(original: VersionStore, tmp_path: Path) -> None:
    file = original.export_bundle("v1", tmp_path)
    assert file == tmp_path / "v1.zip"
    store = VersionStore(tmp_path / "other" / "versions")
    assert [store.import_bundle(file), store.import_bundle(str(file))] == ["v1", "v2"]
    before, after = original.card("v1"), store.card("v2")
    assert after.origin == "v1.zip, where it was v1, fine-tuned from v7"
    assert (after.parent, after.source_folder, after.version) == ("", "", "v2")
    same = ("name", "created_at", "config", "tokens", "metrics", "tuning", "dataset_fingerprint")
    assert all(getattr(before, each) == getattr(after, each) for each in same)
    weights = [folder / "model.safetensors" for folder in (original.folder("v1"), store.folder("v2"))]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    assert store.labels("v2") == Labels("mine", "a note", ("tag",))
    store.promote("v2")


def test_the_same_version_makes_the_same_file_and_no_path_of_this_machine_is_in_it(
    original: VersionStore, whole: bytes
) -> None:
    assert original.bundle("v1") == whole
    assert b"/home/somebody" not in whole
    files = _files(whole)
    assert list(files) == ["manifest.json", "model.json", "model.safetensors", "labels.json", "MODEL_CARD.md"]
    assert files["MODEL_CARD.md"].decode().startswith("# v1: mine\n")


def test_a_bundle_is_read_from_a_stream(store: VersionStore, whole: bytes) -> None:
    assert store.import_bundle(io.BytesIO(whole), "an upload.zip") == "v1"
    assert store.card("v1").origin.startswith("an upload.zip, where it was v1")


def test_a_damaged_version_is_not_passed_on(tmp_path: Path, store: VersionStore) -> None:
    save_small_version(store.root)
    (store.root / "v1" / "model.safetensors").write_bytes(b"x")
    with pytest.raises(ModelError, match="its content is not what was saved"):
        store.export_bundle("v1", tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()


def test_a_bundle_cut_off_anywhere_is_refused(tmp_path: Path, whole: bytes) -> None:
    store = VersionStore(tmp_path / "versions")
    ends = {0, 1, 4, 30, 100, len(whole) - 1, len(whole) - 22, *range(0, len(whole), 997)}
    for end in sorted(ends):
        _refused(store, whole[:end])


def test_a_bundle_with_a_flipped_bit_is_refused_or_is_the_same(tmp_path: Path, whole: bytes) -> None:
    """Bits that no reader looks at, such as a date, may differ; then the version is still the one that was saved."""
    draw, saved = random.Random(0), _files(whole)["model.safetensors"]
    for number in range(150):
        flipped = bytearray(whole)
        flipped[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        store = VersionStore(tmp_path / str(number))
        try:
            version = store.import_bundle(io.BytesIO(bytes(flipped)), "given.zip")
        except ModelError:
            assert store.all() == []
        else:
            assert (store.folder(version) / "model.safetensors").read_bytes() == saved


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_with_a_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    _refused(VersionStore(tmp_path_factory.getbasetemp() / "any"), content)
    _refused(VersionStore(tmp_path_factory.getbasetemp() / "any"), b"PK\3\4" + content)


_CHANGES: dict[str, tuple[Callable[[Files], bytes], str]] = {
    "a foreign zip": (lambda files: _packed({"readme.txt": b"hello"}), "holds 'readme.txt', which is no part of"),
    "one file more": (lambda files: _packed({**files, "more.py": b""}), "holds 'more.py'"),
    "a path that leads out": (lambda files: _packed({**files, "../v9/model.json": b""}), "which is no part of"),
    "an absolute path": (lambda files: _packed({**files, "/etc/passwd": b""}), "which is no part of"),
    "a folder": (lambda files: _packed({**files, "sub/": b""}), "which is no part of"),
    "compressed": (lambda files: _packed(files, zipfile.ZIP_DEFLATED), "was packed anew"),
    "a bomb": (
        lambda files: _packed({**files, "model.json": b"0" * 50_000_000}, zipfile.ZIP_DEFLATED), "was packed anew",
    ),
    "a card too large": (lambda files: _packed({**files, "model.json": b" " * 17_000_000}), "at most 16,000,000"),
    "no weights": (lambda files: _packed({n: c for n, c in files.items() if n[-5:] != "nsors"}), "is missing"),
    "no list": (lambda files: _packed({n: c for n, c in files.items() if n[:4] != "mani"}), "manifest.json is missing"),
    "a list of another form": (lambda files: _packed({**files, "manifest.json": b"[]"}), "another version of this"),
    "a list that is no JSON": (lambda files: _packed({**files, "manifest.json": b"["}), "is damaged"),
    "a deep list": (lambda files: _packed({**files, "manifest.json": b"[" * 60_000}), "is damaged"),
    "another card": (
        lambda files: _packed({**files, "model.json": files["model.json"] + b" "}), "model.json is not what was",
    ),
    "other labels": (lambda files: _packed({**files, "labels.json": b"{}"}), "labels.json is not what was exported"),
    "labels of another form": (lambda files: _vouched({**files, "labels.json": b"{}"}), "labels have a name"),
    "labels that are too long": (
        lambda files: _vouched({**files, "labels.json": files["labels.json"].replace(b"mine", b"mine" * 30)}),
        "The name cannot be used",
    ),
    "a card of another form": (lambda files: _with_card(files, more=1), "cannot be used: model.json: it lacks"),
    "weights that do not fit": (
        lambda files: _with_card(files, tokens=["a"]), "cannot be used: model.safetensors: its tensors do not fit",
    ),
    "another kind": (
        lambda files: _with_card(files, config={**json.loads(files["model.json"])["config"], "model": "sequence"}),
        "cannot be used",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", _CHANGES)
def test_what_is_no_bundle_is_refused_and_leaves_nothing(store: VersionStore, whole: bytes, change: str) -> None:
    make, told = _CHANGES[change]
    _refused(store, make(_files(whole)), told)


def test_the_same_name_twice_is_refused(store: VersionStore, whole: bytes) -> None:
    made = io.BytesIO(whole)
    with zipfile.ZipFile(made, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("labels.json", b"{}")
    _refused(store, made.getvalue(), "holds labels.json twice")


def test_files_that_share_their_bytes_are_refused(store: VersionStore, whole: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        first = archive.infolist()[1].header_offset
        second = archive.infolist()[2].header_offset
    list_at = whole.rindex(b"PK\1\2", 0, len(whole))  # of the last file in the list
    overlapping = bytearray(whole)
    overlapping[list_at + 42 : list_at + 46] = struct.pack("<I", first)
    assert second > first
    _refused(store, bytes(overlapping), "built like a zip bomb|is damaged")


def test_a_symbolic_link_is_refused(store: VersionStore, whole: bytes) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in _files(whole).items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o120777 if name == "model.safetensors" else 0o100644) << 16
            archive.writestr(info, content)
    _refused(store, made.getvalue(), "is no ordinary file")


def test_a_file_that_is_not_there_is_told(store: VersionStore, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.zip cannot be opened: No such file"):
        store.import_bundle(tmp_path / "none.zip")
    with pytest.raises(ModelError, match="cannot be opened"):
        store.import_bundle(tmp_path)


def test_an_export_into_a_place_that_cannot_be_written_is_told(original: VersionStore, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="could not be saved"):
        original.export_bundle("v1", tmp_path / "file" / "v1.zip")


def test_an_imported_version_has_a_card_of_its_own_number(store: VersionStore, whole: bytes) -> None:
    save_small_version(store.root)
    version = store.import_bundle(io.BytesIO(whole), "given.zip")
    assert version == "v2" == load_card(store.root / "v2").version
    assert "| Imported from | given\\.zip, where it was v1, fine\\-tuned from v7 |" in store.model_card("v2")
