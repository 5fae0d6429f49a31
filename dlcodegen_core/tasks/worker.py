"""The process of one task: `python -m dlcodegen_core.tasks.worker TASK_FOLDER`.

Ends when it is asked to (SIGTERM) and when its standard input closes, that is when whoever started it is gone; either
way what it has begun is cleared away first.
"""

import contextlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from dlcodegen_core.errors import WorkbenchError
from dlcodegen_core.tasks.task import TaskFolder

if TYPE_CHECKING:
    from dlcodegen_core.service import DLCodeGen

Progress = Callable[[str, int, int], None]
Work = Callable[["DLCodeGen", TaskFolder, Mapping[str, Any], Progress], Mapping[str, Any]]


class CalledOff(BaseException):
    """Not an Exception, so that nothing on the way takes it for a failure."""


def main(path: str) -> int:
    """Do one task; the exit status is 0 only if it has a result."""
    signal.signal(signal.SIGTERM, _call_off)
    threading.Thread(target=_watch_parent, daemon=True).start()
    folder = TaskFolder(Path(path))
    try:
        from dlcodegen_core.service import DLCodeGen
        from dlcodegen_core.tasks.kinds import KINDS

        request = folder.request
        service = DLCodeGen.get_instance()
        try:
            folder.finish(KINDS[request["kind"]](service, folder, request["options"], folder.tell))
        finally:
            service.close()
        return 0
    except CalledOff:
        return 1
    except WorkbenchError as exc:
        folder.fail(str(exc))
    except MemoryError:
        folder.fail("The machine's memory is full. Try with less.")
    except Exception as exc:
        # The edge of the process: a mistake of ours must reach the person as a sentence.
        traceback.print_exc()
        folder.fail(
            f"This met an internal error ({type(exc).__name__}); {folder.path.name}/worker.log has the details."
        )
    return 1


def _call_off(_number: int, _frame: Any) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: what follows clears away
    raise CalledOff


def _watch_parent() -> None:
    """Wait for the end of standard input, which the operating system brings when our parent dies."""
    # Not sys.stdin: its lock, held by a waiting thread, would break the interpreter's own shutdown.
    with contextlib.suppress(OSError):
        while os.read(0, 1):
            pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
