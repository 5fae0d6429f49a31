"""What the Inspect page shows: it all stands in the address, so that it can be shared and survives a reload.

What only arranges the page, such as which row leads the table, is kept with the visitor.
"""

import streamlit as st

_VISIT, _LEAD = "inspect.visit", "inspect.lead"
SHOWN, PINNED = "pair", "pinned"


def pair(which: str) -> int | None:
    """The row id of the pair that is shown or pinned."""
    told = st.query_params.get(which, "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 19 else None


def show(row_id: int | None) -> None:
    """Show another pair."""
    _put(SHOWN, row_id)


def show_from_elsewhere(row_id: int | None) -> None:
    """Show a pair that was not chosen in the table: the table is drawn anew and begins with it."""
    show(row_id)
    st.session_state[_LEAD] = row_id
    st.session_state[_VISIT] = visit() + 1


def pin(row_id: int | None) -> None:
    """Keep a pair beside whichever is shown; None takes it off."""
    _put(PINNED, row_id)


def visit() -> int:
    """A number for the table's key; it changes when the table is to be drawn anew."""
    number: int = st.session_state.get(_VISIT, 0)
    return number


def lead() -> int | None:
    """The row that the table begins with, if one was chosen elsewhere."""
    found: int | None = st.session_state.get(_LEAD, pair(SHOWN))
    return found


def forget_pairs() -> None:
    """Of another dataset, pairs mean nothing."""
    show_from_elsewhere(None)
    pin(None)


def _put(which: str, row_id: int | None) -> None:
    if row_id is None:
        st.query_params.pop(which, None)
    else:
        st.query_params[which] = str(row_id)
