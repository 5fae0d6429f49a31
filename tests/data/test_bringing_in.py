"""From a path to a stored dataset: tables, folders and archives, and what was left out on the way."""

import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dlcodegen_core.data.bringing_in import ImportRequest, Look, import_dataset, look_into, name_for
from dlcodegen_core.data.cutting import CutOptions
from dlcodegen_core.data.formats import ColumnChoice, write_pairs
from dlcodegen_core.data.intake import FileRules
from dlcodegen_core.data.pairs import BODY, NEXT_LINE, Pair
from dlcodegen_core.data.store import DatasetStore
from dlcodegen_core.errors import DatasetError
from dlcodegen_core.storage.database import open_database

CART = "def total(prices):\n    result = 0\n    for price in prices:\n        result += price\n    return result\n"
PAIRS = [Pair("def a():\n    ", "return 1", "python"), Pair("b = ", "2")]


def quiet(_what: str, _done: int, _total: int) -> None:
    pass


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DatasetStore]:
    engine = open_database(f"sqlite:///{tmp_path / 'home' / 'workbench.sqlite'}")
    yield DatasetStore(engine)
    engine.dispose()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a file to learn from, one that is ignored, and one of another kind."""
    folder = tmp_path / "shop"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "cart.py").write_text(CART)
    (folder / "src" / "local.py").write_text("SETTING = 1\nOTHER = 2\n")
    (folder / ".gitignore").write_text("local.py\n")
    (folder / "README.md").write_text("# shop\n")
    return folder


def test_a_look_at_a_folder_tells_what_comes_in_and_what_is_left_out(project: Path) -> None:
    look = look_into(project, "shop", FileRules(), quiet)
    assert (dict(look.files), look.file_count, look.size_bytes) == ({"python": 1}, 1, len(CART))
    ((path, reason, can_be_forced),) = look.left_out
    assert (path, can_be_forced) == ("src/local.py", True)
    assert ".gitignore" in reason
    assert dict(look.other_files)[".md"] == 1
    assert Look.from_json(look.to_json()) == look
    assert look_into(project, "shop", FileRules(("local.py",)), quiet).file_count == 2


def test_a_folder_is_cut_into_pairs_that_know_their_place(store: DatasetStore, project: Path) -> None:
    cut = CutOptions(kinds=(NEXT_LINE, BODY), seed=3)
    request = ImportRequest(project, "shop", origin="there", commit="c0ffee", cut=cut)
    assert ImportRequest.from_json(request.to_json()) == request
    info = import_dataset(store, request, quiet)
    assert info.origin == "there"
    pairs = store.pairs("shop")
    assert {(pair.source, pair.language, pair.commit) for pair in pairs} == {("src/cart.py", "python", "c0ffee")}
    assert {pair.kind for pair in pairs} == {NEXT_LINE, BODY}
    assert all(CART.split("\n")[(pair.line or 0) - 1].endswith(pair.target.split("\n")[0]) for pair in pairs)
    told = store.intake("shop")
    assert told is not None
    assert (told["files"], told["left_out_count"], told["commit"]) == ({"python": 1}, 1, "c0ffee")


@pytest.mark.parametrize("file_format", ["json", "jsonl", "csv", "parquet"])
def test_a_table_comes_in_with_its_columns_guessed(store: DatasetStore, tmp_path: Path, file_format: str) -> None:
    file = tmp_path / f"mine.{file_format}"
    with file.open("wb") as out:
        write_pairs(PAIRS, file_format, out)
    look = look_into(file, "mine", FileRules(), quiet)
    assert look.table is not None
    assert look.table.guess is not None
    assert Look.from_json(look.to_json()) == look
    import_dataset(store, ImportRequest(file, "mine"), quiet)
    assert store.pairs("mine") == PAIRS


def test_rows_that_are_no_pairs_are_left_out_and_told(store: DatasetStore, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("question,reply\na,1\n,2\nb,3\n")
    look = look_into(file, "mine.csv", FileRules(), quiet)
    assert look.table is not None
    assert look.table.columns == ("question", "reply")
    import_dataset(store, ImportRequest(file, "mine", columns=ColumnChoice("question", "reply")), quiet)
    assert store.pairs("mine") == [Pair("a", "1"), Pair("b", "3")]
    told = store.intake("mine")
    assert told is not None
    assert told["left_out_count"] == 1
    assert told["left_out"][0][0] == "row 2"
    assert "question is empty" in told["left_out"][0][1]


def test_an_archive_of_source_is_read_without_its_top_folder(store: DatasetStore, tmp_path: Path) -> None:
    file = tmp_path / "shop-main.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        member = tarfile.TarInfo("shop-main/src/cart.py")
        member.size = len(CART)
        archive.addfile(member, io.BytesIO(CART.encode()))
    assert look_into(file, file.name, FileRules(), quiet).file_count == 1
    import_dataset(store, ImportRequest(file, "shop"), quiet)
    assert {pair.source for pair in store.pairs("shop")} == {"src/cart.py"}


def test_a_table_in_an_archive_is_found_and_comes_in(store: DatasetStore, tmp_path: Path) -> None:
    table = io.BytesIO()
    write_pairs(PAIRS, "jsonl", table)
    file = tmp_path / "data.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("data/pairs.jsonl", table.getvalue())
    look = look_into(file, file.name, FileRules(), quiet)
    assert look.tables == ("data/pairs.jsonl",)
    import_dataset(store, ImportRequest(file, "mine", member=look.tables[0]), quiet)
    assert store.pairs("mine") == PAIRS


def test_what_is_not_there_or_not_known_is_told_with_what_to_do(store: DatasetStore, tmp_path: Path) -> None:
    (tmp_path / "notes.docx").write_bytes(b"PK")
    for path, told in (
        (tmp_path / "nothing", r"gone: there is no such file or folder\. Check the path"),
        (tmp_path / ("x" * 5_000), "there is no such file"),
        (tmp_path / "notes.docx", r"this kind of file is not known\. Give a table"),
    ):
        with pytest.raises(DatasetError, match=told):
            look_into(path, "gone", FileRules(), quiet)
        with pytest.raises(DatasetError, match=told):
            import_dataset(store, ImportRequest(path, "mine", "gone"), quiet)
    assert store.infos() == []


def test_a_name_in_use_is_told_before_anything_is_read(store: DatasetStore, project: Path) -> None:
    store.create("shop", PAIRS)

    def progress(_what: str, _done: int, _total: int) -> None:
        raise AssertionError("it has begun")

    with pytest.raises(DatasetError, match="already a dataset called 'shop'"):
        import_dataset(store, ImportRequest(project, "shop"), progress)


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ("/home/me/shop/", "shop"),
        ("https://host/owner/shop.git", "shop"),
        ("shop-main.tar.gz", "shop-main"),
        ("rich==15.0.0", "rich==15.0.0"),
        ("a.b.JSONL", "a.b"),
        ("/", "my code"),
        ("x\x00y", "x y"),
        ("n" * 200, "n" * 80),
    ],
)
def test_a_dataset_is_named_after_what_it_comes_from(shown: str, name: str) -> None:
    assert name_for(shown) == name
