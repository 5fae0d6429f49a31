"""The process that trains: `python -m dlcodegen_core.training.worker JOB_FOLDER [--resume] [--background]`.

Writes events into the job's folder and obeys its control file. Ends by itself when its standard input closes,
that is when whoever started it is gone, and leaves a checkpoint behind.
"""

import contextlib
import functools
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO

from dlcodegen_core import outbound
from dlcodegen_core.config import Settings
from dlcodegen_core.errors import TrainingCancelled, WorkbenchError
from dlcodegen_core.storage.locks import lock_file
from dlcodegen_core.training.events import Discarded, Event, Failed, Started, Waiting, to_line
from dlcodegen_core.training.job import JobFolder

Emit = Callable[[Event], None]


THREADS = 1
POLL_SECONDS = 0.05
TRIES_FOR_THE_JOB = 40  # somebody who only looks whether we live holds the lock for an instant


def main(arguments: list[str]) -> int:
    """Run one job; the exit status is 0 only if its outcome could be recorded."""
    folder = JobFolder(Path(arguments[0]))
    abandoned = threading.Event()
    threading.Thread(target=_watch_parent, args=(abandoned,), daemon=True).start()
    if "--background" in arguments:
        _step_back()
    alive = _hold_job(folder)
    if alive is None:
        sys.stderr.write(f"Training {folder.id} is already running.\n")
        return 1
    try:
        with alive, folder.open_events() as events:
            return _run(folder, lambda event: _append(events, event), "--resume" in arguments, abandoned)
    except OSError as exc:
        # With the disk full not even the failure can be recorded in the job; whoever started us reads this.
        sys.stderr.write(f"The training could not write its progress: {exc.strerror or exc}. Free some space.\n")
        return 1


def _run(folder: JobFolder, emit: Emit, resume: bool, abandoned: threading.Event) -> int:
    machine = lock_file(folder.path.parent / "machine.lock")
    if machine is None:
        emit(Waiting())
        while machine is None and not folder.wish() and not abandoned.is_set():
            time.sleep(POLL_SECONDS)
            machine = lock_file(folder.path.parent / "machine.lock")
    if machine is None:
        if folder.wish():
            emit(Discarded())
        return 0
    with machine:
        _train(folder, emit, resume, abandoned)
    return 0


def _train(folder: JobFolder, emit: Emit, resume: bool, abandoned: threading.Event) -> None:
    # Imported here: a job that waits its turn should not hold torch in memory.
    import torch

    from dlcodegen_core.features.embedders import Embedders
    from dlcodegen_core.features.local_embedder import LocalEmbedder
    from dlcodegen_core.models.version_folders import claim_version
    from dlcodegen_core.training.phases import Surroundings, Wish
    from dlcodegen_core.training.sequence.session import SequenceSession
    from dlcodegen_core.training.session import TrainingSession
    from dlcodegen_core.training.sources import load_sequence_source, load_source
    from dlcodegen_core.training.tuning.starting import embedder_for, run_tuning

    # The first optimiser of a process makes torch import its compiler, a second that belongs to the start-up.
    torch.optim.SGD([torch.zeros(1, requires_grad=True)])

    emit(Started(time.time(), resume))

    def wish() -> Wish:
        if abandoned.is_set():
            return Wish.SUSPEND
        return {"stop": Wish.STOP, "discard": Wish.DISCARD}.get(folder.wish(), Wish.GO_ON)

    try:
        settings = Settings.from_environment()
        outbound.watch(settings)
        request = folder.request
        is_sequence = request.config.model == "sequence"
        # DeepCodeNet is too small to gain from a second thread.
        torch.set_num_threads(os.cpu_count() or 1 if is_sequence else THREADS)
        many_texts = LocalEmbedder(threads=1, callers=os.cpu_count() or 1)
        around = Surroundings(
            embedder=embedder_for(request, settings, Embedders(settings, local=many_texts)),
            emit=emit,
            wish=wish,
            claim_version=functools.cache(lambda: claim_version(settings.versions_folder)),
            checkpoint=folder.checkpoint,
        )
        if request.parent:
            run_tuning(request, settings, around)
        elif is_sequence:
            source = load_sequence_source(folder, request, settings)
            SequenceSession(source, request.config, request.name, around).run()
        else:
            TrainingSession(load_source(folder, request, settings), request.config, request.name, around).run(resume)
        if wish() is not Wish.STOP:
            folder.checkpoint.unlink(missing_ok=True)
    except TrainingCancelled as exc:
        if wish() is Wish.DISCARD:
            folder.checkpoint.unlink(missing_ok=True)
            emit(Discarded())
        elif wish() is Wish.STOP:
            emit(Failed(str(exc)))
    except WorkbenchError as exc:
        emit(Failed(str(exc)))
    except MemoryError:
        emit(Failed("The machine's memory is full. Train on less source, or learn fewer tokens of each pair."))
    except OSError:
        raise
    except Exception as exc:
        # The outermost edge of the process: a mistake of ours must still reach the person as a sentence.
        traceback.print_exc()
        emit(
            Failed(
                f"The training met an internal error ({type(exc).__name__}); {folder.log_file.name} has the details."
            )
        )


def _step_back() -> None:
    """Let the pages go first. A core that only an idle-class process uses counts as free, so nobody waits for us."""
    with contextlib.suppress(OSError, AttributeError):  # another system than Linux
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _append(events: IO[str], event: Event) -> None:
    events.write(to_line(event))


def _hold_job(folder: JobFolder) -> IO[bytes] | None:
    for _try in range(TRIES_FOR_THE_JOB):
        if (alive := folder.lock_alive()) is not None:
            return alive
        time.sleep(POLL_SECONDS)
    return None


def _watch_parent(abandoned: threading.Event) -> None:
    """Wait for the end of standard input, which the operating system brings when our parent dies."""
    # Not sys.stdin: its lock, held by a waiting thread, would break the interpreter's own shutdown.
    with contextlib.suppress(OSError):
        while os.read(0, 1):
            pass
    abandoned.set()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
