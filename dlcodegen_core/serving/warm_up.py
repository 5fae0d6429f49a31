"""What a server does in the background once it is up: demo data, a look for Ollama, the model that answers.

Beside pages it waits a moment, so that the first one has the processor to itself. Afterwards everything loaded is moved
out of the garbage collector's sight: otherwise each rerun of a page pays for a collection over all of it. From then on
it looks now and then which version answers, so that one that was promoted by another process is loaded before it is
asked.
"""

import contextlib
import gc
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import TypeVar

from dlcodegen_core.errors import WorkbenchError
from dlcodegen_core.service import DLCodeGen
from dlcodegen_core.serving.engine import Engine

logger = logging.getLogger(__name__)

FIRST_PAGE_SECONDS = 3.0
LOOK_SECONDS = 1.0

Result = TypeVar("Result")


@contextlib.asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[dict[str, object]]:
    """Beside pages: warm up beside the first requests; suspend a running training at the end."""
    service = DLCodeGen.get_instance()
    with _kept_warm(service, FIRST_PAGE_SECONDS, service.ensure_demo_datasets, service.status):
        yield {}


@contextlib.asynccontextmanager
async def lifespan_without_pages(_app: object) -> AsyncIterator[dict[str, object]]:
    """The same where there are no pages: the model comes first, and nobody needs demo data."""
    with _kept_warm(DLCodeGen.get_instance(), 0.0):
        yield {}


@contextlib.contextmanager
def _kept_warm(service: DLCodeGen, wait_seconds: float, *before: Callable[[], object]) -> Iterator[None]:
    _log_to_stderr()
    ended = threading.Event()
    warming = threading.Thread(
        target=_warm_up, args=(service, ended, wait_seconds, before), name="warm-up", daemon=True
    )
    warming.start()
    try:
        yield
    finally:
        ended.set()
        Engine.get().close()
        service.close()


def _log_to_stderr() -> None:
    """Show our own log, the [DL-Performance] blocks among it, in the terminal that serves; once a process."""
    ours = logging.getLogger("dlcodegen_core")
    if not ours.handlers:
        ours.addHandler(logging.StreamHandler())
        ours.setLevel(logging.INFO)
        ours.propagate = False


def _warm_up(
    service: DLCodeGen, ended: threading.Event, wait_seconds: float, before: Sequence[Callable[[], object]]
) -> None:
    for step in before:
        _try(step)
    if ended.wait(wait_seconds):
        return
    answering = _try(service.versions.answering)
    _try(service.warm_up)
    gc.collect()
    gc.freeze()
    while not ended.wait(LOOK_SECONDS):
        if (now := _try(service.versions.answering)) != answering:
            answering = now
            _try(service.warm_up)


def _try(step: Callable[[], Result]) -> Result | None:
    try:
        return step()
    except WorkbenchError as exc:
        logger.warning("%s", exc)  # whoever asks meets the same error and is told
        return None
