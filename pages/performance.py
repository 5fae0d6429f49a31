"""Performance: how fast, how full, how healthy."""

import pandas as pd
import psutil
import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.storage.memory_cache import CacheStats
from pages._shared import charts, frame, wording

SHOWN_REQUESTS = 50

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


def _cache(title: str, stats: CacheStats, unit: str, help_text: str) -> None:
    st.markdown(f"**{title}**", help=help_text)
    filled = stats.size / stats.max_size if stats.max_size else 0.0
    told = (
        f"{stats.entries:,} of {stats.max_size:,.0f} entries"
        if unit == "entries"
        else (f"{wording.size(stats.size)} of {wording.size(stats.max_size)}, {stats.entries:,} vectors")
    )
    st.progress(min(1.0, filled), text=told)
    rate = "no look-up yet" if stats.hit_rate is None else f"{stats.hit_rate:.0%} of look-ups answered"
    st.caption(f"{rate}: {stats.hits:,} hits, {stats.misses:,} misses, {stats.evictions:,} pushed out")


def _caches(service: DLCodeGen) -> None:
    st.subheader("Caches")
    left, middle, right = st.columns(3)
    with left.container(border=True, height="stretch"):
        _cache("Predictions", service.get_cache_stats(), "entries", "The last 500 different requests, for 30 minutes.")
        st.button("Clear predictions", icon=":material/delete:", on_click=service.clear_prediction_cache)
    with middle.container(border=True, height="stretch"):
        _cache("Embeddings in memory", service.embedders.stats(), "bytes", "Shared by training and prediction.")
    with right.container(border=True, height="stretch"):
        store = service.embedders.store
        st.markdown("**Embeddings on disk**", help="So that no text is embedded again after a restart.")
        st.metric("Vectors", f"{store.count():,}")
        st.caption(wording.size(store.size_bytes()))
        st.button(
            "Clear all embeddings",
            icon=":material/delete:",
            on_click=service.embedders.clear_cache,
            help="The next training has to embed its texts again. Nothing else is lost.",
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
    st.caption("Connections to other machines: none, unless OLLAMA\\_EMBED\\_HOST names one.")


def _requests(service: DLCodeGen) -> None:
    records = service.requests.records()[-SHOWN_REQUESTS:][::-1]
    if not records:
        return
    st.subheader("Latest requests")
    st.dataframe(
        pd.DataFrame(
            {
                "When": pd.to_datetime([record.at for record in records], unit="s", utc=True),
                "Total, ms": [record.total_ms for record in records],
                "From the cache": [record.cached for record in records],
                "Version": [record.version for record in records],
                "Confidence": [record.confidence for record in records],
                "Slowest stage": [max(record.latency_ms, key=record.latency_ms.__getitem__) for record in records],
            }
        ),
        hide_index=True,
        column_config={
            "When": st.column_config.DatetimeColumn(format="HH:mm:ss"),
            "Total, ms": st.column_config.NumberColumn(format="%.3f"),
            "Confidence": st.column_config.NumberColumn(format="%.2f"),
        },
    )


st.title("Performance")
with frame.plain_errors():
    _stages(service)
    _caches(service)
    _process(service)
    _requests(service)
