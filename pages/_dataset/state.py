"""What the Dataset page remembers of a visitor, and the names it is kept under."""

from typing import Any

import streamlit as st

from dlcodegen_core.data.store import DatasetInfo, PairFilter
from pages._shared.edits import PendingEdits

PANEL = "dataset.panel"
_NEXT_PANEL = "dataset.next_panel"
_PENDING = "dataset.pending_edits"
_NOTICE = "dataset.notice"
_FILTERS = "dataset.filters"
_VISITS = "dataset.visits"
LOOKED = "dataset.looked"
IMPORTING = "dataset.importing"
WRITING = "dataset.writing"


def pending(info: DatasetInfo) -> PendingEdits:
    """The unsaved changes of this visitor; those of another dataset or of an older revision are kept with it."""
    drafts: dict[str, PendingEdits] = st.session_state.setdefault(_PENDING, {})
    if info.name not in drafts or not len(drafts[info.name]):
        drafts[info.name] = PendingEdits(info.name, info.revision)
    return drafts[info.name]


def drop(name: str) -> None:
    """Forget the unsaved changes of a dataset."""
    st.session_state.get(_PENDING, {}).pop(name, None)
    renew("table")


def visit(what: str) -> int:
    """A number that belongs into a widget's key; `renew` changes it, and the widget is empty again."""
    return st.session_state.get(_VISITS, {}).get(what, 0)


def renew(what: str) -> None:
    visits: dict[str, int] = st.session_state.setdefault(_VISITS, {})
    visits[what] = visits.get(what, 0) + 1


def wanted(name: str) -> PairFilter:
    """Which pairs of a dataset the visitor wants to see."""
    found: PairFilter = st.session_state.get(_FILTERS, {}).get(name, PairFilter())
    return found


def want(name: str, limits: PairFilter) -> None:
    """Show these pairs from now on."""
    st.session_state.setdefault(_FILTERS, {})[name] = limits
    renew("table")
    renew("filters")


def notice(text: str) -> None:
    """Say something after the next run."""
    st.session_state[_NOTICE] = text


def take_notice() -> str | None:
    found: str | None = st.session_state.pop(_NOTICE, None)
    return found


def go_to_panel(name: str) -> None:
    """Show another panel from the next run on; this run's choice is drawn already and may not be changed."""
    st.session_state[_NEXT_PANEL] = name


def next_panel() -> str | None:
    """The panel that was asked for by `go_to_panel`."""
    found: str | None = st.session_state.pop(_NEXT_PANEL, None)
    return found


def remembered(key: str) -> dict[str, Any] | None:
    """What was kept under one of the keys above."""
    found: dict[str, Any] | None = st.session_state.get(key)
    return found
