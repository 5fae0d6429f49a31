"""The dataset doctor: what is wrong, how much of it, why it matters, and a button that mends it."""

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.data.doctor import CHECKS, Check
from dlcodegen_core.data.store import Checkup, DatasetInfo, PairFilter
from dlcodegen_core.tasks.kinds import EXAMINE
from pages._dataset import state
from pages._shared import frame, wording
from pages._shared.task_watch import watch

EXAMPLES = 3
PREVIEW = 200
ICONS = {"stops": ":material/block:", "warns": ":material/warning:", "tells": ":material/info:"}


def verdict(service: DLCodeGen, info: DatasetInfo) -> None:
    """One line at the head of the page: ready, or what stands in the way."""
    found = service.datasets.checkup(info.name)
    if found is None:
        st.caption(":material/stethoscope: Not examined yet. The doctor looks for copies, secrets, leaks and more.")
    else:
        ready = found.report["ready"]
        stale = "" if found.revision == info.revision else f" (at revision {found.revision}; changed since)"
        icon = ":material/check_circle:" if ready else ":material/block:"
        st.markdown(f"{icon} {frame.plain_text(found.report['verdict'])}{stale}")


def draw(service: DLCodeGen, info: DatasetInfo) -> None:
    task = service.tasks.latest(EXAMINE, info.name)
    if task is not None and task.running:
        watch(service, task.id, "The doctor is at work")
        return
    if task is not None and task.error:
        st.error(frame.plain_text(task.error), icon=":material/error:")
    found = service.datasets.checkup(info.name)
    if found is None:
        st.write(
            "Looks for exact and near copies, one prompt with different targets, held-out pairs that were also trained "
            "on, secrets and e-mail addresses, broken syntax, answers that stand in the prompt, what is too long, and "
            "garbled characters. Nothing is changed before you say so."
        )
    label = "Examine" if found is None else "Examine again"
    fresh = found is not None and found.revision == info.revision
    if st.button(label, type="secondary" if fresh else "primary", icon=":material/stethoscope:"):
        with frame.plain_errors():
            service.tasks.start(EXAMINE, info.name, {"dataset": info.name})
            st.rerun()
    if found is not None:
        _report(service, info, found)


def _report(service: DLCodeGen, info: DatasetInfo, found: Checkup) -> None:
    when = wording.ago(found.created_at)
    changed = "" if found.revision == info.revision else " The dataset has changed since; counts are of what is left."
    st.caption(f"Examined {found.report['pairs']:,} pairs of revision {found.revision}, {when}.{changed}")
    for remark in found.report["remarks"]:
        st.info(frame.plain_text(remark), icon=":material/info:")
    counts = service.datasets.flag_counts(info.name)
    findings = {finding["check"]: finding for finding in found.report["findings"]}
    clean = []
    for check in CHECKS:
        count, fixable = counts.get(check.key, (0, 0))
        if not count:
            clean.append(check.title)
            continue
        _finding(service, info, check, count, fixable, findings.get(check.key, {}).get("note", ""))
    if clean:
        st.caption(f":material/check: Nothing found of: {', '.join(title.lower() for title in clean)}.")


def _finding(service: DLCodeGen, info: DatasetInfo, check: Check, count: int, fixable: int, note: str) -> None:
    with st.container(border=True):
        left, right = st.columns([3, 1], vertical_alignment="top")
        left.markdown(f"{ICONS[check.severity]} **{check.title}: {count:,}**")
        left.caption(f"{check.why}{f' {note}' if note else ''}")
        show = right.button("Show them", key=f"doctor.show.{check.key}", icon=":material/table_rows:", width="stretch")
        if show:
            state.want(info.name, PairFilter(flag=check.key))
            state.go_to_panel("Pairs")
            st.rerun()
        if fixable and right.button(
            f"To the trash: {fixable:,}", key=f"doctor.fix.{check.key}", icon=":material/delete_sweep:",
            help=f"{check.fix_label}. They can be brought back.", width="stretch",
        ):  # fmt: skip
            _fix(service, info, check)
        if st.toggle("Examples", key=f"doctor.examples.{check.key}"):
            _examples(service, info, check)


def _fix(service: DLCodeGen, info: DatasetInfo, check: Check) -> None:
    with frame.plain_errors():
        limits = PairFilter(flag=check.key, fixable=True)
        saved = service.datasets.delete_matching(info.name, info.revision, limits, f"doctor: {check.title.lower()}")
        gone = info.pair_count - saved.pair_count
        state.notice(f"{wording.in_the_trash(gone)}; revision {saved.revision} has {saved.pair_count:,}.")
        st.rerun()


def _examples(service: DLCodeGen, info: DatasetInfo, check: Check) -> None:
    page = service.datasets.page(info.name, 1, EXAMPLES, PairFilter(flag=check.key))
    flags = service.datasets.flags([row.id for row in page.rows])
    for row in page.rows:
        detail = next((flag.detail for flag in flags.get(row.id, []) if flag.check == check.key), "")
        where = f" · {row.pair.source}:{row.pair.line}" if row.pair.source else ""
        st.caption(frame.plain_text(f"{detail}{where}"))
        st.code(f"{row.pair.prompt[-PREVIEW:]}▸{row.pair.target[:PREVIEW]}", language=None, wrap_lines=True)
