"""Which caches there are, how full they are and how often they had the answer; each can be cleared."""

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.storage.memory_cache import CacheStats
from pages._shared import frame, wording


def draw(service: DLCodeGen) -> None:
    """The prediction cache, in memory or shared, and the two caches of embeddings."""
    st.subheader("Caches")
    predictions = service.get_cache_stats()  # asks a Redis that was away, before its problem is told
    if problem := service.predictor.cache_problem():
        st.warning(frame.plain_text(problem), icon=":material/warning:")
    left, middle, right = st.columns(3)
    with left.container(border=True, height="stretch"):
        _predictions(service, predictions)
    with middle.container(border=True, height="stretch"):
        stats = service.embedders.stats()
        told = f"{wording.size(stats.size)} of {wording.size(stats.max_size)}, {stats.entries:,} vectors"
        _cache("Embeddings in memory", stats, told, "Shared by training and prediction.")
    with right.container(border=True, height="stretch"):
        _embeddings_on_disk(service)


def _predictions(service: DLCodeGen, stats: CacheStats) -> None:
    told = f"{stats.entries:,} of {stats.max_size:,.0f} entries"
    _cache("Predictions", stats, told, "The last 500 different requests, for 30 minutes.")
    st.caption(f"Kept in {frame.plain_text(service.predictor.cache_place())}.", help=_place_help(service))
    st.button(
        "Clear predictions",
        icon=":material/delete:",
        on_click=service.clear_prediction_cache,
        help="They are computed again when they are asked for. Nothing else is lost.",
    )


def _place_help(service: DLCodeGen) -> str:
    if service.settings.redis_url:
        return "All processes with this REDIS\\_URL share its entries and its counts."
    return "It ends with the process. Set REDIS\\_URL to keep predictions in a Redis that processes share."


def _cache(title: str, stats: CacheStats, told: str, help_text: str) -> None:
    st.markdown(f"**{title}**", help=help_text)
    st.progress(min(1.0, stats.size / stats.max_size) if stats.max_size else 0.0, text=told)
    rate = "no look-up yet" if stats.hit_rate is None else f"{stats.hit_rate:.0%} of look-ups answered"
    st.caption(f"{rate}: hits {stats.hits:,}, misses {stats.misses:,}, pushed out {stats.evictions:,}")


def _embeddings_on_disk(service: DLCodeGen) -> None:
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
