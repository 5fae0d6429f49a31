"""The requests at work and the latest ones, looked at again every two seconds; and one of them from near.

While a request is chosen the list stands still, so that it does not run away from under the pointer.
"""

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.inference.live_requests import LiveRequest, LiveRequests, TextSwitch
from dlcodegen_core.serving.engine import Engine
from pages._shared import charts, frame, wording

REFRESH_SECONDS = 2.0
SHOWN_REQUESTS = 50
CHOSEN = "performance.chosen"
SHOWN = "performance.shown"
FAILED_ONLY = "performance.failed_only"
KEEP_TEXTS = "performance.keep_texts"
_TABLE = "performance.requests"


def draw(service: DLCodeGen) -> None:
    """Load, list and inspector."""
    if not service.requests.live.remembers_is_known:
        service.requests.live.remember(TextSwitch(service.settings.home).read())
    st.subheader("Requests")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.toggle("Failed only", key=FAILED_ONLY)
        _text_switch(service)
    st.fragment(_live, run_every=REFRESH_SECONDS)(service.requests.live)


def _text_switch(service: DLCodeGen) -> None:
    live = service.requests.live
    st.session_state[KEEP_TEXTS] = live.remembers

    def turn() -> None:
        keep = bool(st.session_state[KEEP_TEXTS])
        live.remember(keep)
        with frame.plain_errors():
            TextSwitch(service.settings.home).write(keep)

    st.toggle(
        "Keep prompts and replies",
        key=KEEP_TEXTS,
        on_change=turn,
        help="Off, as at the beginning: nothing that anybody types is kept. On: the last 100 prompts and replies stay "
        "in this process's memory, never on disk, for the look at single requests below. Turning it off forgets them. "
        "Your choice is remembered.",
    )


def _live(live: LiveRequests) -> None:
    _load(live)
    requests = _requests(live)
    if not requests:
        st.info(
            "No failed request among the latest."
            if st.session_state.get(FAILED_ONLY)
            else "No request yet. Complete some code, here or from an editor, and it will be listed."
        )
        return
    st.session_state[SHOWN] = requests
    _table(requests)
    chosen = next((one for one in requests if one.id == st.session_state.get(CHOSEN)), None)
    if chosen is None:
        st.caption("Select a row to look at one request. The list is looked at again every two seconds.")
    else:
        with st.container(border=True):
            _inspect(live, chosen)


def _requests(live: LiveRequests) -> list[LiveRequest]:
    """The latest; while one is chosen, those that were shown when it was."""
    failed_only = bool(st.session_state.get(FAILED_ONLY))
    shown: list[LiveRequest] = st.session_state.get(SHOWN, [])
    if any(one.id == st.session_state.get(CHOSEN) for one in shown):
        return shown
    return [one for one in live.latest() if one.failed or not failed_only][:SHOWN_REQUESTS]


def _load(live: LiveRequests) -> None:
    engine = Engine.get()
    at_work, decoding, waiting, total, failed = st.columns(5)
    at_work.metric("At work", live.at_work_count, help="HTTP requests that are not answered yet.")
    decoding.metric("Decoding", engine.decoding, help="Completions for HTTP that are being computed.")
    waiting.metric("Waiting", engine.waiting, help="Completions for HTTP that wait for their turn.")
    total.metric("Since the start", f"{live.requests:,}", help="Requests over HTTP, and completions on the pages.")
    failed.metric("Failed", f"{live.failures:,}", help="Those of them that were refused, or met an error.")


def _table(requests: list[LiveRequest]) -> None:
    st.dataframe(
        pd.DataFrame(
            {
                "When": pd.to_datetime([one.at for one in requests], unit="s", utc=True),
                "Who": [one.who for one in requests],
                "What": [one.way for one in requests],
                "Status": [one.status for one in requests],
                "Total, ms": [one.total_ms for one in requests],
                "Version": [one.version for one in requests],
                "Cache": ["" if one.cached is None else "hit" if one.cached else "miss" for one in requests],
                "Tokens": [f"{one.tokens:,}" if one.answers else "" for one in requests],
                "Slowest stage": [
                    max(one.latency_ms, key=one.latency_ms.__getitem__) if one.latency_ms else "" for one in requests
                ],
            }
        ),
        hide_index=True,
        height=320,
        key=_TABLE,
        on_select=_choose,
        selection_mode="single-row",
        column_config={
            "When": st.column_config.DatetimeColumn(format="HH:mm:ss"),
            "Who": st.column_config.TextColumn(help="The name of the key, the address, or the pages themselves."),
            "Total, ms": st.column_config.NumberColumn(format="%.1f", help="From the first byte in to the last out."),
            "Tokens": st.column_config.TextColumn(
                help="Of the first completion, summed over a request's prompts.", alignment="right"
            ),
        },
    )


def _choose() -> None:
    rows = st.session_state[_TABLE]["selection"]["rows"]
    shown: list[LiveRequest] = st.session_state.get(SHOWN, [])
    st.session_state[CHOSEN] = shown[rows[0]].id if rows and rows[0] < len(shown) else None


def _inspect(live: LiveRequests, request: LiveRequest) -> None:
    st.markdown(f"**{frame.plain_text(request.way)}**, asked by {frame.plain_text(request.who)}")
    words = [f"request {frame.plain_text(request.id)}", f"status {request.status}", f"{request.total_ms:.1f} ms in all"]
    if request.received_bytes or request.sent_bytes:
        words.append(f"{wording.size(request.received_bytes)} in, {wording.size(request.sent_bytes)} out")
    if request.answers > 1:
        words.append(f"{request.answers} completions; stages of the last")
    st.caption("  ·  ".join(words))
    if request.error:
        st.error(frame.plain_text(request.error), icon=":material/error:")
    if not request.latency_ms:
        return
    stages, texts = st.columns([3, 2])
    with stages:
        charts.latency_waterfall(request.latency_ms, key="performance.inspected")
    with texts:
        kept = live.texts(request.id)
        for one in kept:
            st.caption("Prompt")
            st.code(one.prompt, language=None, height=120 if one.prompt.count("\n") > 4 else "content")
            st.caption("Reply")
            st.code(one.reply or "(nothing)", language=None)
        if not kept:
            st.caption(
                "Its texts were not kept: it came before the switch was on, or too long ago."
                if live.remembers
                else "Its texts were not kept. Turn on “Keep prompts and replies” to see those of the next ones."
            )
