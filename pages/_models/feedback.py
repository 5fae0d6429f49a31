"""What people made of the completions: by version and by day, each one of it, and what it teaches."""

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen, WorkbenchError
from dlcodegen_core.data.store import PairFilter
from dlcodegen_core.feedback import FEEDBACK_DATASET
from dlcodegen_core.feedback.learned import learned_by
from dlcodegen_core.feedback.memory import Lesson
from dlcodegen_core.feedback.records import ACCEPTED, EDITED, OUTCOMES, REJECTED, FeedbackEvent
from dlcodegen_core.feedback.statistics import Statistics
from pages._dataset import state as dataset_state
from pages._shared import charts, frame, wording

EVENTS_SHOWN = 50
PREVIEW = 120
PROMPT_END = 600
TALLEST = 260
LINES_TRIED = 8
ICONS = {ACCEPTED: ":material/check:", EDITED: ":material/edit:", REJECTED: ":material/close:"}
_NOTICE = "models.feedback.notice"
_PROBLEM = "models.feedback.problem"


def draw(service: DLCodeGen) -> None:
    if notice := st.session_state.pop(_NOTICE, None):
        st.toast(notice, icon=":material/check_circle:")
    if problem := st.session_state.pop(_PROBLEM, None):
        st.error(frame.plain_text(problem), icon=":material/error:")
    found = service.feedback.statistics()
    if not found.total:
        _empty()
        return
    _versions(found)
    _taught(service)
    _events(service, found)


def _empty() -> None:
    st.info(
        "Nothing was said about a completion yet. Accept, edit or reject one on the Predict page, or have your editor "
        "send it to /api/dl-codegen/feedback. What you accept or correct is learned at once: the same prompt gives it "
        "from then on."
    )
    frame.link("predict", "Complete some code")


def _versions(found: Statistics) -> None:
    left, right = st.columns([3, 2])
    with left:
        if found.versions:
            charts.outcome_shares(found.versions)
    with right:
        charts.outcomes_by_day(found.days)
    if found.versions:
        rows = found.versions
        st.dataframe(
            pd.DataFrame(
                {
                    "Version": [row.version for row in rows],
                    "Judged": [row.counts.total for row in rows],
                    "Accepted": [row.counts.accepted for row in rows],
                    "Edited": [row.counts.edited for row in rows],
                    "Rejected": [row.counts.rejected for row in rows],
                    "Similarity": [_share(row.similarity) for row in rows],
                    "Still there": [_share(row.retention) for row in rows],
                    "Looked at later": [row.retained for row in rows],
                }
            ),
            hide_index=True,
            column_config={
                "Similarity": st.column_config.TextColumn(
                    help="Of the completion to what was kept, 0 to 1, mean over accepted and edited ones.",
                ),
                "Still there": st.column_config.TextColumn(
                    help="Share of what was kept that still stood there later, 0 to 1, mean over those that an editor "
                    "looked at again. Empty where none did.",
                ),
            },
        )
    if found.taught.total:
        st.caption(
            "Answers that were taught say nothing about a version and are left out above: "
            f"{found.taught.total:,} judged, {found.taught.accepted:,} of them accepted."
        )


def _taught(service: DLCodeGen) -> None:
    """What is learned at the moment, and what can be done with it."""
    count = len(service.feedback.memory)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/school: **{count:,} {'prompt is' if count == 1 else 'prompts are'} taught.** "
            "Each gives its accepted or corrected text at once, whichever version answers."
        )
        if count:
            frame.link("dataset", "Read and edit them", dataset=FEEDBACK_DATASET, panel="Pairs")
            _tuning(service)


def _tuning(service: DLCodeGen) -> None:
    """Have the network itself learn it, too."""
    if st.button(
        "Fine-tune now",
        icon=":material/model_training:",
        help="The version that answers goes on learning from these prompts, and from what it had learned before, in "
        "the background. The new version answers only if it does better on what you taught and no worse on held-out "
        "code; otherwise it stays a candidate, and says why.",
    ):
        with frame.plain_errors():
            service.start_tuning()
            frame.go_to("train")


def _events(service: DLCodeGen, found: Statistics) -> None:
    st.subheader("What was said")
    outcome, version = _filters(found)
    rows = service.feedback.events(outcome, version, limit=EVENTS_SHOWN)
    if not rows:
        st.caption("Nothing like this was said.")
        return
    event = st.dataframe(
        pd.DataFrame(
            {
                "When": [wording.ago(row.at) for row in rows],
                "Outcome": [row.outcome for row in rows],
                "Version": [row.version for row in rows],
                "Prompt": [_end_of(row) for row in rows],
                "Kept": [_one_line(row.kept) for row in rows],
                "Still there": [_share(row.retention) for row in rows],
            }
        ),
        hide_index=True,
        height=min(380, 40 + 35 * len(rows)),
        on_select="rerun",
        selection_mode="single-row",
        key=f"models.feedback.table.{outcome}.{version}.{rows[0].id}",
        column_config={
            "Prompt": st.column_config.TextColumn(width="large", help="The end of what stood before the cursor."),
            "Kept": st.column_config.TextColumn(width="medium"),
            "Still there": st.column_config.TextColumn(help="Share that still stood there later."),
        },
    )
    told = f"The latest {len(rows)}." if len(rows) == EVENTS_SHOWN else f"All {len(rows)}."
    st.caption(f"{told} Tick one to read it, change what it teaches, or forget it.")
    for place in event.selection.rows[:1]:
        if place < len(rows):
            _one(service, rows[place])


def _filters(found: Statistics) -> tuple[str | None, str | None]:
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    outcome = left.segmented_control("Outcome", list(OUTCOMES), key="models.feedback.outcome")
    names = [one.version for one in found.versions]
    version = right.selectbox(
        "Version", ["", *names], format_func=lambda name: name or "all versions", key="models.feedback.version"
    )
    return outcome, version or None


def _one(service: DLCodeGen, event: FeedbackEvent) -> None:
    lesson = service.feedback.lesson(event)
    with st.container(border=True):
        about = [
            event.version,
            event.at.strftime("%Y-%m-%d %H:%M UTC"),
            f"from {'a page' if event.source == 'page' else 'a program'}",
        ]
        if event.user:
            about.append(f"by {event.user}")
        if event.latency_ms is not None:
            about.append(f"answered in {wording.milliseconds(event.latency_ms)}")
        st.markdown(f"{ICONS[event.outcome]} **{event.outcome.capitalize()}** · {frame.plain_text(' · '.join(about))}")
        if event.forgotten:
            st.caption("Its texts were forgotten; the figures stay.")
            return
        left, right = st.columns(2)
        left.caption("Prompt: what stood before the cursor")
        left.code(event.text[-PROMPT_END:], wrap_lines=True, height=_height(event.text[-PROMPT_END:]))
        for title, text in (("Completion", event.completion), ("Correction", event.correction)):
            if text:
                right.caption(title)
                right.code(text, wrap_lines=True, height=_height(text))
        st.caption(_teaches(event, lesson))
        with st.container(horizontal=True):
            if lesson is not None and st.button("Open its pair", icon=":material/dataset:", key="models.feedback.open"):
                _open(service, lesson)
            _forget_button(service, event)


def _teaches(event: FeedbackEvent, lesson: Lesson | None) -> str:
    if lesson is None:
        return "Nothing is taught for this prompt: the model answers it."
    if lesson.target == event.kept:
        return "This is taught: the same prompt gives it."
    return "Something else is taught for this prompt by now; open its pair to see it."


def _forget_button(service: DLCodeGen, event: FeedbackEvent) -> None:
    with st.popover("Forget it", icon=":material/delete_forever:"):
        plan = service.feedback.about_to_forget(event.id)
        said, wordings = len(plan.event_ids), len(plan.row_ids)
        st.write(
            f"All that was said about this prompt goes for good: the texts of "
            f"{'this entry' if said == 1 else f'{said:,} entries'}"
            + (f", and its pair with {wordings:,} {'wording' if wordings == 1 else 'wordings'}" if wordings else "")
            + ". That cannot be undone. The next prediction does without it; the counts above stay."
        )
        if versions := learned_by(service.versions.all(), plan.fingerprints):
            st.warning(
                f"Fine-tuned on it, and so still knowing it: {frame.plain_text(', '.join(versions))}. "
                "Delete these versions as well if they must not.",
                icon=":material/warning:",
            )
        st.button(
            "Forget it for good", type="primary", key="models.feedback.forget", on_click=_forget,
            args=(service, event.id),
        )  # fmt: skip


def _forget(service: DLCodeGen, event_id: int) -> None:
    try:
        gone = service.feedback.forget(event_id)
        service.clear_prediction_cache()  # answers of the model stand there under the prompt's digest
        count = len(gone.event_ids)
        st.session_state[_NOTICE] = f"Forgotten: {'1 entry' if count == 1 else f'{count:,} entries'}."
    except WorkbenchError as exc:
        st.session_state[_PROBLEM] = str(exc)


def _open(service: DLCodeGen, lesson: Lesson) -> None:
    """Show the pair on the Dataset page, found by its line that the fewest others have."""
    lines = [*lesson.prompt[-PROMPT_END:].split("\n")[-LINES_TRIED:], *lesson.target.split("\n")[:LINES_TRIED]]
    searches = [PairFilter(search=line.strip()[:200]) for line in lines if line.strip()]
    wanted = min(searches, key=lambda one: service.datasets.page(FEEDBACK_DATASET, 1, 1, one).total)
    dataset_state.want(FEEDBACK_DATASET, wanted)
    dataset_state.go_to_panel("Pairs")
    query = {"dataset": FEEDBACK_DATASET, "panel": "Pairs"}
    st.switch_page(st.session_state["frame.pages"]["dataset"], query_params=query)


def _share(value: float | None) -> str:
    return "" if value is None else wording.share(value)


def _end_of(event: FeedbackEvent) -> str:
    if event.forgotten:
        return "(forgotten)"
    lines = [line.strip() for line in event.text[-PREVIEW * 3 :].split("\n") if line.strip()]
    return " ⏎ ".join(lines[-2:])[-PREVIEW:]


def _one_line(text: str) -> str:
    return text.strip().replace("\n", " ⏎ ")[:PREVIEW]


def _height(code: str) -> int:
    return min(TALLEST, 60 + 22 * code.count("\n"))
