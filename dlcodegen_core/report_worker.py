"""The process that makes a report: `python -m dlcodegen_core.report_worker VERSION`.

Fitting the baselines keeps a processor busy for a minute; in a process of its own it leaves the pages alone. Writes
how far it is beside the report, and ends with its parent.
"""

import sys
import time
import traceback

from dlcodegen_core.errors import WorkbenchError
from dlcodegen_core.storage.files import write_json_atomically

PROGRESS_EVERY_SECONDS = 0.3


def main(version: str) -> int:
    """Make one report; the exit status is 0 only if it was saved."""
    from dlcodegen_core.service import DLCodeGen

    service = DLCodeGen.get_instance()
    state = service.report_file(version).with_suffix(".progress.json")
    state.parent.mkdir(parents=True, exist_ok=True)
    last = 0.0

    def progress(what: str, share: float) -> None:
        nonlocal last
        if time.monotonic() - last > PROGRESS_EVERY_SECONDS:
            last = time.monotonic()
            write_json_atomically(state, {"what": what, "share": share})

    try:
        service.make_report(version, progress)
        state.unlink(missing_ok=True)
        return 0
    except WorkbenchError as exc:
        write_json_atomically(state, {"error": str(exc)})
    except Exception as exc:
        # The edge of the process: a mistake of ours must reach the person as a sentence.
        traceback.print_exc()
        write_json_atomically(state, {"error": f"The report met an internal error ({type(exc).__name__})."})
    finally:
        service.close()
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
