"""A lock on a file, between processes and within one."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dlcodegen_core.storage.locks import lock_file, lock_folder

HOLD = """
import sys
from pathlib import Path
from dlcodegen_core.storage.locks import lock_file
held = lock_file(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("end", [lambda process: process.kill(), lambda process: process.stdin.close()])
def test_the_lock_goes_with_its_process_however_that_ends(
    tmp_path: Path, end: Callable[["subprocess.Popen[bytes]"], None]
) -> None:
    path = tmp_path / "jobs" / "machine.lock"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    with process:
        assert process.stdout is not None and process.stdout.readline() == b"held\n"
        assert lock_file(path) is None
        end(process)
        process.wait(60)
    held = lock_file(path)
    assert held is not None
    held.close()


def test_those_who_share_a_lock_keep_out_only_one_who_wants_it_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    one, other = lock_file(path, shared=True), lock_file(path, shared=True)
    assert one is not None and other is not None
    assert lock_file(path) is None
    one.close()
    other.close()
    alone = lock_file(path, wait=True)
    assert alone is not None
    assert lock_file(path, shared=True) is None
    alone.close()


def test_a_folder_is_locked_without_a_file_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "versions"
    with lock_folder(folder, shared=True) as one, lock_folder(folder, shared=True) as other:
        assert one and other
        with lock_folder(folder) as alone:
            assert not alone
    with lock_folder(folder) as alone:
        assert alone
    assert list(folder.iterdir()) == []
