"""What a server does in the background once it is up: demo data, a look for Ollama, the newest model.

It waits a moment, so that the first page has the processor to itself. Afterwards everything loaded is moved out of
the garbage collector's sight: otherwise each rerun of a page pays for a collection over all of it.
"""

import contextlib
import gc
import logging
import threading
from collections.abc import AsyncIterator

from dlcodegen_core.errors import WorkbenchError
from dlcodegen_core.service import DLCodeGen

logger = logging.getLogger(__name__)

FIRST_PAGE_SECONDS = 3.0


@contextlib.asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[dict[str, object]]:
    """Warm up beside the first requests; suspend a running training at the end."""
    _log_to_stderr()
    service = DLCodeGen.get_instance()
    ended = threading.Event()
    threading.Thread(target=_warm_up, args=(service, ended), name="warm-up", daemon=True).start()
    yield {}
    ended.set()
    service.close()


def _log_to_stderr() -> None:
    """Show our own log, the [DL-Performance] blocks among it, in the terminal that serves; once a process."""
    ours = logging.getLogger("dlcodegen_core")
    if not ours.handlers:
        ours.addHandler(logging.StreamHandler())
        ours.setLevel(logging.INFO)
        ours.propagate = False


def _warm_up(service: DLCodeGen, ended: threading.Event) -> None:
    for step in (service.ensure_demo_datasets, service.status, service.warm_up):
        if step == service.warm_up and ended.wait(FIRST_PAGE_SECONDS):
            return
        try:
            step()
        except WorkbenchError as exc:
            logger.warning("%s", exc)  # the pages meet the same error and show it
    gc.collect()
    gc.freeze()
