"""Where the workbench may connect to, whether it did, and that there was nothing else."""

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen, outbound
from dlcodegen_core.outbound import Connections, Destination, Elsewhere, Place
from pages._shared import wording


def draw(service: DLCodeGen) -> None:
    """The allowed places, and whatever was connected to."""
    st.subheader("Connections")
    known = outbound.watch(service.settings)
    destinations, elsewhere = known.destinations(), known.elsewhere()
    allowed = outbound.places(service.settings)
    others = _others(allowed, destinations, elsewhere)
    _verdict(known, destinations, elsewhere, bool(others))
    _places(allowed, destinations)
    _draw_others(others)
    with st.expander("How this is known, and what it cannot see"):
        st.markdown(
            "Python tells of every connection before it is made, whichever library makes it; the table counts them "
            "since the start of this process. Trainings, imports and reports run in processes of their own, which "
            "write down each place outside this machine when they first connect to it. Git and PostgreSQL's client "
            "connect without Python, so they are asked for permission first. A library that connected by native code "
            "of its own would not be seen; the ones in use have no such code, or have it switched off. Set "
            "DLCODEGEN\\_OFFLINE=1 to have everything but this machine refused."
        )


def _verdict(known: Connections, destinations: list[Destination], elsewhere: list[Elsewhere], are_others: bool) -> None:
    outside = sum(one.connections for one in destinations if not one.is_here)
    outside += sum(not one.refused for one in elsewhere)
    refused = sum(one.refused for one in destinations) + sum(one.refused for one in elsewhere)
    inside = sum(one.connections for one in destinations if one.is_here)
    since = wording.ago(datetime.fromtimestamp(known.began_at, UTC))
    if outside:
        count = "1 connection or name look-up" if outside == 1 else f"{outside:,} connections and name look-ups"
        told = f"{count} to other machines since the start ({since})"
        (st.warning if are_others else st.info)(f"{told}.", icon=":material/public:")
    else:
        st.success(f"No connection to another machine since the start ({since}).", icon=":material/shield:")
    words = [f"{inside:,} connections on this machine itself"]
    words.append(f"offline: other machines are refused, {refused:,} so far" if known.offline else "offline switch: off")
    st.caption("  ·  ".join(words))


def _places(allowed: list[Place], destinations: list[Destination]) -> None:
    rows = []
    for place in allowed:
        of_it = [one for one in destinations if place.is_of(one)]
        last = max((one.last_at for one in of_it if one.connections), default=None)
        rows.append(
            {
                "May connect to": place.title,
                "Why": place.why,
                "Where": outbound.shown(place.host, place.port) if place.host else "where you say",
                "Machine": "this one" if place.is_here else "another",
                "Connections": sum(one.connections for one in of_it) if place.host else None,
                "Last": None if last is None else datetime.fromtimestamp(last, UTC),
            }
        )
    st.dataframe(
        pd.DataFrame(rows).astype({"Connections": "Int64"}),
        hide_index=True,
        column_config={
            "Connections": st.column_config.NumberColumn(help="Of this process, since its start."),
            "Last": st.column_config.DatetimeColumn(format="HH:mm:ss"),
        },
    )


def _others(
    allowed: list[Place], destinations: list[Destination], elsewhere: list[Elsewhere]
) -> list[dict[str, object]]:
    """Rows of what was connected to and is none of the named places, and of what other processes connected to."""
    names = {place.host.strip("[]").lower() for place in allowed if place.host}
    outside: list[dict[str, object]] = [
        {
            "To": outbound.shown(one.host, one.port),
            "By": "this process",
            "Connections": one.connections,
            "Refused": one.refused,
            "Last": datetime.fromtimestamp(one.last_at, UTC),
        }
        for one in destinations
        if not one.is_here and not any(place.is_of(one) for place in allowed)
        if not (one.port == outbound.LOOK_UP and one.host in names)
    ]
    outside += [
        {
            "To": outbound.shown(one.host, one.port),
            "By": f"{one.program}, process {one.process}",
            "Connections": int(not one.refused),
            "Refused": int(one.refused),
            "Last": datetime.fromtimestamp(one.at, UTC),
        }
        for one in elsewhere
    ]
    return outside


def _draw_others(outside: list[dict[str, object]]) -> None:
    if not outside:
        st.caption("Nothing else on other machines.")
        return
    st.markdown("**Other machines beside these, and those that other processes of the workbench connected to**")
    st.dataframe(
        pd.DataFrame(outside),
        hide_index=True,
        column_config={"Last": st.column_config.DatetimeColumn(format="HH:mm:ss")},
    )
