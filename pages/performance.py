"""Performance: how fast, how full, how healthy."""

import pandas as pd
import psutil
import streamlit as st

from dlcodegen_core import DLCodeGen
from pages._performance import caches, connections, live
from pages._shared import charts, frame, wording

STAGES_SECONDS = 10.0  # between two looks at them; the requests themselves are looked at more often

service = frame.begin("performance")


def _stages(service: DLCodeGen) -> None:
    st.subheader("Latency by stage")
    rows = service.requests.summaries()
    if not rows:
        st.info("No request yet. Complete some code, and every stage will be measured here.")
        frame.link("predict", "Complete some code")
        return
    left, right = st.columns([3, 2])
    with left:
        charts.stage_percentiles(rows)
    with right:
        st.dataframe(
            pd.DataFrame(
                {
                    "Stage": [row.stage for row in rows],
                    "Requests": [row.requests for row in rows],
                    "p50, ms": [row.p50_ms for row in rows],
                    "p95, ms": [row.p95_ms for row in rows],
                }
            ),
            hide_index=True,
            column_config={
                "p50, ms": st.column_config.NumberColumn(format="%.3f", help="Half of the requests were faster."),
                "p95, ms": st.column_config.NumberColumn(format="%.3f", help="95 of 100 requests were faster."),
            },
        )


def _process(service: DLCodeGen) -> None:
    st.subheader("This process")
    process = psutil.Process()
    memory, threads, models, disk = st.columns(4)
    memory.metric("Memory", wording.size(process.memory_info().rss), help="Resident memory of the workbench.")
    threads.metric("Threads", process.num_threads())
    models.metric("Model versions", len(service.versions.all()))
    free = psutil.disk_usage(str(service.settings.home if service.settings.home.exists() else "/")).free
    disk.metric("Free disk", wording.size(free))
    status = service.last_status()
    if status is not None:
        if status.embedder_problem:
            st.warning(frame.plain_text(status.embedder_problem), icon=":material/warning:")
        else:
            st.caption(f"Embedder: {frame.plain_text(status.embedder)}. {frame.plain_text(status.embedder_note)}")


st.title("Performance")
with frame.plain_errors():
    live.draw(service)
    st.fragment(_stages, run_every=STAGES_SECONDS)(service)
    caches.draw(service)
    connections.draw(service)
    _process(service)
