"""What limits the table: a search, a form of filters, bars to click, and the limits as chips that can be taken off."""

from dataclasses import replace
from typing import Any

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.data.doctor import CHECKS
from dlcodegen_core.data.store import Bar, DatasetInfo, PairFilter
from pages._dataset import state
from pages._shared import charts, frame

LONGEST = 100_000
TITLES = {
    "language": "Language",
    "kind": "Kind",
    "source": "File",
    "prompt_length": "Prompt, characters",
    "target_length": "Target, characters",
}
CHECK_TITLES = {check.key: check.title for check in CHECKS}
NO_VALUE = "none"


def draw(service: DLCodeGen, info: DatasetInfo) -> PairFilter:
    """The controls; what the visitor wants to see."""
    wanted = state.wanted(info.name)
    visit = state.visit("filters")
    search, button = st.columns([5, 1], vertical_alignment="bottom")
    text = search.text_input(
        "Search",
        wanted.search,
        key=f"dataset.search.{info.name}.{visit}",
        placeholder="part of a prompt or a target",
        icon=":material/search:",
        label_visibility="collapsed",
    )
    if text != wanted.search:
        wanted = replace(wanted, search=text)
        state.want(info.name, wanted)
        st.rerun()
    with button.popover("Filters", icon=":material/filter_alt:", width="stretch"):
        _form(service, info, wanted, visit)
    _chips(info.name, wanted)
    _bars(service, info, wanted)
    return wanted


def _form(service: DLCodeGen, info: DatasetInfo, wanted: PairFilter, visit: int) -> None:
    languages, kinds = (_values(service, info, column) for column in ("language", "kind"))
    with st.form(f"dataset.filters.{info.name}.{visit}", border=False):
        chosen: dict[str, Any] = {}
        if len(languages) > 1:
            chosen["languages"] = _several("Languages", languages, wanted.languages)
        if len(kinds) > 1:
            chosen["kinds"] = _several("Kinds", kinds, wanted.kinds)
        chosen["source"] = st.text_input(
            "File", wanted.source, placeholder="src/app.py, or src/*.py", help="`*` stands for anything, `?` for one."
        )
        for name, label in (("prompt_length", "Prompt"), ("target_length", "Target")):
            low, high = getattr(wanted, name) or (0, LONGEST)
            left, right = st.columns(2)
            low = left.number_input(f"{label} from", 0, LONGEST, low, help="In characters.")
            high = right.number_input("to", 0, LONGEST, high, key=f"dataset.to.{name}.{visit}")
            chosen[name] = None if (low, high) == (0, LONGEST) else (low, high)
        found = service.datasets.flag_counts(info.name)
        flags = ["", *found]
        chosen["flag"] = st.selectbox(
            "Flagged by the doctor",
            flags,
            index=flags.index(wanted.flag) if wanted.flag in flags else 0,
            format_func=lambda key: CHECK_TITLES.get(key, key) or "all pairs",
        )
        if st.form_submit_button("Show these", type="primary"):
            state.want(info.name, replace(wanted, **chosen, fixable=False))
            st.rerun()


def _several(label: str, values: list[str | None], wanted: tuple[str | None, ...]) -> tuple[str | None, ...]:
    return tuple(
        st.multiselect(
            label,
            values,
            default=[value for value in wanted if value in values],
            format_func=lambda value: value or NO_VALUE,
            placeholder="all",
        )
    )


def _chips(name: str, wanted: PairFilter) -> None:
    """Each limit as a button that takes it off."""
    if not wanted.limits:
        return
    nothing = PairFilter()
    with st.container(horizontal=True, gap="small"):
        for field, told in _told(wanted):
            if st.button(
                frame.plain_text(told), key=f"dataset.chip.{field}", icon=":material/close:", type="secondary"
            ):
                off = {"fixable": False} if field == "flag" else {}
                state.want(name, replace(wanted, **{field: getattr(nothing, field)}, **off))
                st.rerun()
        if st.button("Show all", key="dataset.chip.all", type="tertiary"):
            state.want(name, nothing)
            st.rerun()


def _told(wanted: PairFilter) -> list[tuple[str, str]]:
    """Each limit that is set, by its name, in words."""
    told = []
    if wanted.search:
        told.append(("search", f"with “{wanted.search[:40]}”"))
    for field, what in (("languages", "in"), ("kinds", "")):
        if values := getattr(wanted, field):
            told.append((field, f"{what} {' or '.join(value or NO_VALUE for value in values)}".strip()))
    if wanted.source:
        told.append(("source", f"from {wanted.source}"))
    for field, what in (("prompt_length", "prompt"), ("target_length", "target")):
        if lengths := getattr(wanted, field):
            low, high = lengths
            told.append(
                (field, f"{what} of {low:,}" + (f" to {high:,}" if high < LONGEST else " or more") + " characters")
            )
    if wanted.flag:
        told.append(("flag", CHECK_TITLES.get(wanted.flag, wanted.flag)))
    return told


def _bars(service: DLCodeGen, info: DatasetInfo, wanted: PairFilter) -> None:
    """Small histograms over the table; a click on a bar filters by it."""
    shown = []
    for column in TITLES:
        bars = _counted(service, info, column, wanted)
        alike = column == "source" and len({bar.count for bar in bars}) == 1  # a wall that says nothing
        if (len(bars) > 1 and not alike) or (bars and _is_limited(column, wanted)):
            shown.append((column, bars))
    if not shown:
        return
    for cell, (column, bars) in zip(st.columns(len(shown)), shown, strict=True):
        with cell:
            clicked = charts.header_histogram(
                TITLES[column], [bar.label for bar in bars], [bar.count for bar in bars],
                key=f"dataset.bars.{column}.{info.name}.{state.visit('filters')}",
            )  # fmt: skip
            if clicked is not None:
                state.want(info.name, _limited(wanted, column, bars[clicked]))
                st.rerun()


def _limited(wanted: PairFilter, column: str, bar: Bar) -> PairFilter:
    if column == "source":
        return replace(wanted, source=bar.value or "")
    if column in ("language", "kind"):
        return replace(wanted, **{f"{column}s": (bar.value,)})
    return replace(wanted, **{column: (bar.low, bar.high)})


def _is_limited(column: str, wanted: PairFilter) -> bool:
    return bool(getattr(wanted, {"language": "languages", "kind": "kinds"}.get(column, column)))


def _values(service: DLCodeGen, info: DatasetInfo, column: str) -> list[str | None]:
    return [bar.value for bar in _counted(service, info, column, PairFilter())]


def _counted(service: DLCodeGen, info: DatasetInfo, column: str, wanted: PairFilter) -> list[Bar]:
    """The bars of a column, counted once for a revision and a filter."""
    return _count(service, info.fingerprint, column, wanted, info.name, info.revision)


@st.cache_data(max_entries=200, show_spinner=False)
def _count(
    _service: DLCodeGen, fingerprint: str, column: str, wanted: PairFilter, name: str, revision: int
) -> list[Bar]:
    return _service.datasets.bars(name, column, wanted, revision)
