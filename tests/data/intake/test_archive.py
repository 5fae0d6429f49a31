"""Archives: read like folders, within bounds, and nothing of them ever lands on the disk unasked."""

import bz2
import email
import gzip
import io
import lzma
import os
import random
import struct
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcodegen_core.data.intake import (
    FileRules,
    archive,
    extract_table,
    file_tree,
    read_archive,
    read_folder,
    reading,
    tables_in_archive,
    tar_members,
    unpacking,
)
from dlcodegen_core.data.source_files import SourceReading
from dlcodegen_core.errors import DatasetError

EMAIL = Path(email.__file__).parent
Pack = Callable[[Path, dict[str, bytes]], Path]


def pack_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def pack_tar(path: Path, files: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as packed:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
    return path


def pack_tar_with(mode: str) -> Pack:
    return lambda path, files: pack_tar(path, files, mode)


PACKS: dict[str, Pack] = {
    "zip": pack_zip,
    **{mode: pack_tar_with(mode) for mode in ("w", "w:gz", "w:bz2", "w:xz")},
}
every_kind = pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)


def paths(reading: SourceReading) -> list[str]:
    return [file.path for file in reading.files]


def reasons(reading: SourceReading) -> dict[str, str]:
    return {file.path: file.reason for file in reading.skipped}


@every_kind
def test_an_archive_of_a_project_reads_as_its_folder_does(tmp_path: Path, pack: Pack) -> None:
    found = sorted(EMAIL.rglob("*.py"), reverse=True)
    packed = pack(
        tmp_path / "a", {f"email-main/{path.relative_to(EMAIL).as_posix()}": path.read_bytes() for path in found}
    )
    before = sorted(tmp_path.rglob("*"))
    from_archive, from_folder = read_archive(packed), read_folder(EMAIL)
    assert from_archive.files == from_folder.files
    assert from_archive.size_bytes == from_folder.size_bytes
    assert sorted(tmp_path.rglob("*")) == before


@every_kind
def test_the_rules_of_folders_hold_in_an_archive(tmp_path: Path, pack: Pack) -> None:
    files = {
        "p/vendor/v.py": b"v = 1\n",
        "p/a.py": b"a = 1\n",
        "p/sub/same.py": b"a = 1\n",
        "p/ignored.py": b"b = 1\n",
        "p/out.py": b"c = 1\n",
        "p/odd.py": b"\xff",
        "p/large.py": b"# line\n" * 200_000,
        "p/large.png": b"\0" * 2_000_000,
        "p/inner.zip": b"PK\3\4",
        "p/vendor/in.py": b"d = 1\n",
        "p/.gitignore": b"ignored.py\n",
    }
    packed = pack(tmp_path / "a", files)
    result = read_archive(packed, rules=FileRules(force_in=("/vendor/in.py",), force_out=("out.py",)))
    assert paths(result) == ["a.py", "vendor/in.py"]
    assert reasons(result) == {
        "ignored.py": "ignored by git's rules (.gitignore)",
        "large.py": "larger than 1 MB",
        "odd.py": "not UTF-8 (byte 0; save it as UTF-8)",
        "out.py": "left out by your rule",
        "sub/same.py": "a copy of another file (the same as a.py)",
        "vendor/": "a folder of tools, built files or others' code",
    }
    assert dict(result.other_files) == {".png": 1, ".zip": 1, "no suffix": 1}


@every_kind
@pytest.mark.parametrize("name", ["../evil.py", "/etc/evil.py", "a/../../evil.py", "C:/evil.py", "a\\evil.py"])
def test_a_path_that_leads_elsewhere_is_listed_and_not_read(tmp_path: Path, pack: Pack, name: str) -> None:
    result = read_archive(pack(tmp_path / "a", {"good.py": b"a = 1\n", name: b"evil = 1\n"}))
    assert paths(result) == ["good.py"]
    assert list(reasons(result)) == [name]
    assert reasons(result)[name].startswith("its path ")


def test_a_name_that_hides_its_end_behind_a_nul_is_listed(tmp_path: Path) -> None:
    packed = pack_zip(tmp_path / "a", {"good.py": b"a = 1\n", "b.py_.txt": b"b = 1\n"})
    packed.write_bytes(packed.read_bytes().replace(b"b.py_.txt", b"b.py\0.txt"))
    assert reasons(read_archive(packed)) == {"b.py\\0.txt": "its path holds a NUL character"}


@every_kind
def test_of_two_files_with_the_same_path_the_first_is_read(tmp_path: Path, pack: Pack) -> None:
    result = read_archive(pack(tmp_path / "a", {"a.py": b"a = 1\n", "./a.py": b"b = 1\n"}))
    assert [file.text for file in result.files] == ["a = 1\n"]
    assert reasons(result) == {"./a.py": "another file has the same path"}


def test_links_and_devices_in_a_tar_file_are_listed(tmp_path: Path) -> None:
    packed = tmp_path / "a.tar"
    with tarfile.open(packed, "w") as tar:
        for name, kind in [("l.py", tarfile.SYMTYPE), ("h.py", tarfile.LNKTYPE), ("d.py", tarfile.CHRTYPE),
                           ("p.py", tarfile.FIFOTYPE), ("b.py", tarfile.BLKTYPE)]:  # fmt: skip
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)
        info = tarfile.TarInfo("good.py")
        info.size = 6
        tar.addfile(info, io.BytesIO(b"a = 1\n"))
    result = read_archive(packed, rules=FileRules(force_in=("*",)))
    assert paths(result) == ["good.py"]
    assert reasons(result) == {
        "l.py": "a symbolic link, which is not followed",
        "h.py": "a hard link, which is not followed",
        **dict.fromkeys(["d.py", "p.py", "b.py"], "a device or a pipe, not a file"),
    }


def test_a_link_in_a_zip_file_is_listed(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        info = zipfile.ZipInfo("l.py")
        info.external_attr = 0o120777 << 16
        packed.writestr(info, "/etc/passwd")
        packed.writestr("good.py", "a = 1\n")
    assert reasons(read_archive(tmp_path / "a.zip")) == {"l.py": "a symbolic link, which is not followed"}


def test_an_encrypted_file_is_listed_and_what_a_mac_adds_is_not(tmp_path: Path) -> None:
    packed = pack_zip(tmp_path / "a", {"p/b.py": b"b = 1\n", "p/a.py": b"a = 1\n", "__MACOSX/p/._a.py": b"\0"})
    content = bytearray(packed.read_bytes())
    content[6] |= 1  # in the header of the first file, and in the list at the end
    content[content.find(b"PK\1\2") + 8] |= 1
    packed.write_bytes(content)
    result = read_archive(packed)
    assert paths(result) == ["a.py"]
    assert reasons(result)["b.py"].startswith("encrypted (")


def test_a_way_of_packing_that_cannot_be_bounded_is_listed(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_BZIP2) as packed:
        packed.writestr("b.py", "b = 1\n")
        packed.writestr(zipfile.ZipInfo("a.py"), "a = 1\n", zipfile.ZIP_STORED)
    assert reasons(read_archive(tmp_path / "a.zip"))["b.py"].startswith("packed in a way that is not read")


@pytest.mark.parametrize("opened", [gzip.open, bz2.open, lzma.open])
def test_a_bomb_in_a_compressed_tar_file_ends_early(
    tmp_path: Path, opened: Callable[..., io.BytesIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "SMALL_BYTES", 20_000_000)
    info = tarfile.TarInfo("a.py")
    info.size = 10**10
    with opened(tmp_path / "bomb", "wb") as packed:
        packed.write(info.tobuf())
        for _ in range(22):
            packed.write(bytes(10**6))
    started = time.perf_counter()
    with pytest.raises(DatasetError, match=r"bomb unpacks to more than 20 MB, so it is not read\. Unpack it, if you"):
        read_archive(tmp_path / "bomb")
    assert time.perf_counter() - started < 10


def test_a_large_file_in_a_zip_file_is_not_unpacked_and_a_lie_about_its_size_changes_nothing(tmp_path: Path) -> None:
    packed = pack_zip(tmp_path / "a", {"big.py": bytes(30_000_000), "good.py": b"a = 1\n"})
    assert reasons(read_archive(packed)) == {"big.py": "larger than 1 MB"}
    lying = packed.read_bytes().replace(struct.pack("<I", 30_000_000), struct.pack("<I", 100))
    packed.write_bytes(lying)
    result = read_archive(packed)
    assert paths(result) == ["good.py"]
    assert reasons(result)["big.py"].startswith("damaged in the archive")


def test_all_that_a_zip_file_unpacks_to_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "SMALL_BYTES", 20_000_000)
    packed = pack_zip(tmp_path / "a", {f"{number}.py": bytes(1_000_000) for number in range(22)})
    with pytest.raises(DatasetError, match="unpacks to more than 20 MB"):
        read_archive(packed)


def test_files_that_share_their_bytes_are_a_bomb(tmp_path: Path) -> None:
    kernel = zlib.compress(bytes(900_000))[2:-4]
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, zlib.crc32(bytes(900_000)), len(kernel), 900_000, 4, 0)
    listed = b"".join(
        struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 0, zlib.crc32(bytes(900_000)), len(kernel), 900_000,
                    4, 0, 0, 0, 0, 0, 0) + b"%02d.c" % number
        for number in range(50)
    )  # fmt: skip
    place = len(local) + 4 + len(kernel)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 50, 50, len(listed), place, 0)
    (tmp_path / "a.zip").write_bytes(local + b"00.c" + kernel + listed + end)
    with pytest.raises(DatasetError, match=r"built like a zip bomb: its files overlap\. Nothing of it is read"):
        read_archive(tmp_path / "a.zip")


@every_kind
def test_an_archive_of_too_many_entries_is_refused(tmp_path: Path, pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = pack(tmp_path / "a", {f"{number}.md": b"" for number in range(21)} | {"a.py": b"a = 1\n"})
    assert paths(read_archive(packed)) == ["a.py"]
    monkeypatch.setattr(file_tree, "MAX_ENTRIES", 20)
    with pytest.raises(DatasetError, match=r"^a holds more than 20 files and folders\. Give a smaller part of it"):
        read_archive(packed)


def test_the_longer_form_of_a_zip_file_is_read_and_one_that_hides_its_number_of_entries_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 10)  # beyond which zipfile writes the longer form
        packed = pack_zip(tmp_path / "a", {f"{number}.md": b"" for number in range(20)} | {"a.py": b"a = 1\n"})
    assert b"PK\6\6" in packed.read_bytes()
    assert paths(read_archive(packed)) == ["a.py"]
    small = pack_zip(tmp_path / "b", {f"{number}.md": b"" for number in range(30)})
    content = small.read_bytes()
    end = content.rfind(b"PK\5\6")
    small.write_bytes(content[: end + 8] + struct.pack("<HH", 1, 1) + content[end + 12 :])
    monkeypatch.setattr(file_tree, "MAX_ENTRIES", 20)
    for hiding in (packed, small):
        with pytest.raises(DatasetError, match="holds more than 20 files"):
            read_archive(hiding)


@every_kind
def test_an_archive_that_was_cut_off_is_told(tmp_path: Path, pack: Pack) -> None:
    content = random.Random(1).randbytes(400_000).hex().encode()
    packed = pack(tmp_path / "a", {"a.py": b"a = 1\n", "data.txt": content})
    packed.write_bytes(packed.read_bytes()[: packed.stat().st_size // 2])
    with pytest.raises(DatasetError, match=r"^a is damaged: .*\. Make or download the archive again\.$"):
        read_archive(packed)


def test_a_tar_file_with_a_broken_header_in_its_middle_is_told(tmp_path: Path) -> None:
    packed = pack_tar(tmp_path / "a", {"a.py": b"a = 1\n", "b.py": b"b = 1\n"})
    content = bytearray(packed.read_bytes())
    content[1024] ^= 1  # the second name no longer fits its checksum
    packed.write_bytes(content)
    with pytest.raises(DatasetError, match="a is damaged: it holds an entry that cannot be read"):
        read_archive(packed)


def test_a_header_without_end_is_refused_before_it_is_held_in_memory(tmp_path: Path) -> None:
    for kind in (tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME):
        info = tarfile.TarInfo("x")
        info.type, info.size = kind, 10**9
        (tmp_path / "a.tar").write_bytes(info.tobuf() + bytes(2_000_000))
        with pytest.raises(DatasetError, match="damaged: it has a header of more than 32 kB"):
            read_archive(tmp_path / "a.tar")


def test_a_header_that_keeps_pythons_reader_busy_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 30_000
    (tmp_path / "a.tar").write_bytes(info.tobuf() + b"1" * 30_208 + bytes(1024))
    with pytest.raises(DatasetError, match="a header holds a number that is too long"):
        read_archive(tmp_path / "a.tar")


def test_headers_upon_headers_are_told_as_damage(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 0
    (tmp_path / "a.tar").write_bytes(info.tobuf() * 3_000)
    with pytest.raises(DatasetError, match=r"a\.tar is damaged"):
        read_archive(tmp_path / "a.tar")


def test_an_xz_file_that_asks_for_much_memory_is_refused(tmp_path: Path) -> None:
    tar = pack_tar(tmp_path / "a.tar", {"a.py": b"a = 1\n"}).read_bytes()
    small = lzma.compress(tar, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 16}])
    (tmp_path / "a.tar.xz").write_bytes(small)
    assert paths(read_archive(tmp_path / "a.tar.xz")) == ["a.py"]
    (tmp_path / "a.tar.xz").write_bytes(_with_window(small, 36))  # which stands for 1 GB
    with pytest.raises(DatasetError, match="is damaged: Memory usage limit"):
        read_archive(tmp_path / "a.tar.xz")


def _with_window(packed: bytes, size_code: int) -> bytes:
    """An xz file whose block asks for another window. See https://tukaani.org/xz/xz-file-format.txt, 3.1 and 5.3.1."""
    length = (packed[12] + 1) * 4
    header = bytearray(packed[12 : 12 + length])
    place = header.index(b"\x21\x01") + 2
    header[place] = size_code
    header[-4:] = struct.pack("<I", zlib.crc32(header[:-4]))
    return packed[:12] + bytes(header) + packed[12 + length :]


def test_what_goes_beyond_the_total_is_left_out_whatever_the_order_of_the_tar_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (reading, tar_members):
        monkeypatch.setattr(module, "MAX_TOTAL_BYTES", 1_000)
    monkeypatch.setattr(tar_members, "MAX_FILE_BYTES", 500)
    files = {f"{number:02}.py": b"# line %02d\n" % (number % 15) * 20 for number in range(30)}
    shuffled = list(files.items())
    random.Random(2).shuffle(shuffled)
    for name, content in files.items():
        (tmp_path / "folder").mkdir(exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(content)
    from_tar = read_archive(pack_tar(tmp_path / "a", dict(shuffled)))
    assert from_tar == read_folder(tmp_path / "folder")
    assert len(from_tar.files) == 5


@pytest.mark.parametrize("content", [b"", b"a = 1\n", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\0" * 1_000])
def test_what_is_no_archive_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(DatasetError, match=r"a\.zip is no archive that can be read here\. Give a zip file"):
        read_archive(tmp_path / "a.zip")


def test_a_compressed_file_that_is_no_tar_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.py.gz").write_bytes(gzip.compress(b"a = 1\n" * 1_000))
    with pytest.raises(DatasetError, match=r"a\.py\.gz is damaged"):
        read_archive(tmp_path / "a.py.gz")


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"none\.zip: there is no such file\. Check the path"):
        read_archive(tmp_path / "none.zip")
    with pytest.raises(DatasetError, match=r"is not a file\. Give a zip file"):
        read_archive(tmp_path)
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(DatasetError, match="is not a file"):
        read_archive(tmp_path / "pipe.zip")


@every_kind
def test_an_archive_without_source_is_told_by_the_name_it_was_given(tmp_path: Path, pack: Pack) -> None:
    packed = pack(tmp_path / "upload-7", {"a.md": b"a\n"})
    with pytest.raises(DatasetError, match=r"^project\.zip: there is no source file.*Give an archive with code"):
        read_archive(packed, name="project.zip")


@every_kind
def test_progress_rises_to_all_and_whoever_hears_it_may_stop_the_reading(tmp_path: Path, pack: Pack) -> None:
    packed = pack(tmp_path / "a", {f"{number}.py": b"n = %d\n" % number for number in range(50)})
    heard: list[tuple[int, int]] = []
    read_archive(packed, lambda done, total: heard.append((done, total)))
    assert heard[-1] == (50, 50)
    assert heard == sorted(heard)

    class Stopped(RuntimeError):
        pass

    def stop(done: int, total: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        read_archive(packed, stop)


@every_kind
def test_tables_in_an_archive_are_listed_and_copied_under_a_name_of_ours(tmp_path: Path, pack: Pack) -> None:
    files = {"d/a.CSV": b"a,b\n1,2\n", "d/b.jsonl": b"{}\n", "d/c.txt": b"", "../e.csv": b"a\n", "d/f.parquet": b"PAR1"}
    packed = pack(tmp_path / "a", files)
    assert tables_in_archive(packed) == ["d/a.CSV", "d/b.jsonl", "d/f.parquet"]
    copied = extract_table(packed, "d/a.CSV", tmp_path / "into")
    assert copied == tmp_path / "into" / "table.csv"
    assert copied.read_bytes() == b"a,b\n1,2\n"
    with pytest.raises(DatasetError, match=r"a holds no 'd/x\.csv'"):
        extract_table(packed, "d/x.csv", tmp_path / "other")
    with pytest.raises(DatasetError, match="is no table"):
        extract_table(packed, "../e.csv", tmp_path / "other")
    assert list((tmp_path / "other").iterdir()) == []


@every_kind
def test_a_table_that_is_too_large_leaves_nothing_behind(
    tmp_path: Path, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_TABLE_BYTES", 1_000_000)
    packed = pack(tmp_path / "a", {"a.csv": b"1,2\n" * 500_000})
    with pytest.raises(DatasetError, match=r"a\.csv is larger than 1 MB\. Split it"):
        extract_table(packed, "a.csv", tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []


SMALL = {"p/a.py": b"a = 1\n", "p/b/c.py": b"c = 1\n" * 50, "p/.gitignore": b"*.log\n"}


@every_kind
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_an_archive_with_any_bytes_changed_gives_a_reading_or_a_plain_error(pack: Pack, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as made:
        packed = pack(Path(made) / "a", SMALL)
        content = bytearray(packed.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        packed.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
        try:
            read_archive(packed)
        except DatasetError as exc:
            assert str(exc).startswith("a")
