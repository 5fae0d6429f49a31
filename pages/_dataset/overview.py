"""An overview of a dataset: what came in, lengths and tokens, and a map in which alike pairs lie together."""

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.data.store import DatasetInfo
from dlcodegen_core.evaluation.dataset_profile import DatasetProfile
from dlcodegen_core.evaluation.embedding_map import EmbeddingMap
from dlcodegen_core.features.language import title
from dlcodegen_core.tasks.kinds import MAP
from pages._shared import charts, frame, wording
from pages._shared.task_watch import watch

BY_LANGUAGE, BY_GROUP = "Language", "Group"
LEFT_OUT_SHOWN = 1_000


def draw(service: DLCodeGen, info: DatasetInfo) -> None:
    _intake(service, info)
    _numbers(_profile(service, info.fingerprint, info.name))
    st.subheader("Map")
    _map(service, info)


@st.cache_data(max_entries=20, show_spinner="Counting tokens …")
def _profile(_service: DLCodeGen, fingerprint: str, name: str) -> DatasetProfile:
    return _service.workshop.profile(name)


def _intake(service: DLCodeGen, info: DatasetInfo) -> None:
    """What came in and what was left out, as the import told it."""
    told = service.datasets.intake(info.name)
    if told is None:
        return
    if "files" in told:
        languages = ", ".join(f"{title(name)} {count:,}" for name, count in told["files"].items())
        commit = f" Commit {told['commit'][:10]}." if told.get("commit") else ""
        files = sum(told["files"].values())
        st.write(
            f"Cut from {files:,} files, {wording.size(told['size_bytes'])} of source "
            f"({frame.plain_text(languages)}).{commit}"
        )
    if told["left_out_count"]:
        with st.expander(f"{told['left_out_count']:,} left out on import, and why", icon=":material/rule:"):
            rows = [{"What": what, "Reason": reason} for what, reason, *_can in told["left_out"][:LEFT_OUT_SHOWN]]
            st.dataframe(pd.DataFrame(rows), hide_index=True, height=min(300, 40 + 35 * len(rows)))


def _numbers(profile: DatasetProfile) -> None:
    of = "" if profile.examined == profile.pairs else f" Counted on {profile.examined:,} of {profile.pairs:,} pairs."
    prompt, target, coverage, most = st.columns(4)
    low, middle, high = profile.prompt_tokens
    prompt.metric(
        "Tokens of a prompt", f"{middle:,}", help=f"The middle one; nine in ten have {low:,} to {high:,}.{of}"
    )
    low, middle, high = profile.target_tokens
    target.metric(
        "Tokens of a target", f"{middle:,}", help=f"The middle one; nine in ten have {low:,} to {high:,}.{of}"
    )
    coverage.metric(
        "First tokens covered",
        f"{profile.coverage:.0%}",
        help=f"DeepCodeNet chooses from {profile.vocabulary_size} tokens. So many targets begin with one of the most "
        f"frequent ones; it can never be right about the others. There are {profile.distinct:,} different ones.{of}",
    )
    most.metric(
        "Most frequent alone",
        f"{profile.most_frequent_share:.0%}",
        help="How often it would be right to always say the most frequent token: what a model has to beat. "
        f"Evenness of the classes: {profile.balance:.2f} (1 means all are equally frequent).",
    )
    charts.class_balance(
        [entry.token for entry in profile.classes],
        [entry.count / max(1, profile.examined) for entry in profile.classes],
        key="dataset.balance",
    )


def _map(service: DLCodeGen, info: DatasetInfo) -> None:
    task = service.tasks.latest(MAP, info.name)
    if task is not None and task.running:
        watch(service, task.id, "Drawing the map")
        return
    if task is not None and task.error:
        st.error(frame.plain_text(task.error), icon=":material/error:")
    drawn = service.workshop.map(info.name)
    if drawn is None:
        st.caption(
            "Each pair becomes a point, and pairs whose prompts are alike lie near each other: copies, odd ones out "
            "and whole subjects show at a glance. Takes up to a minute; what was embedded before costs nothing."
        )
        if st.button("Draw the map", icon=":material/map:"):
            with frame.plain_errors():
                service.tasks.start(MAP, info.name, {"dataset": info.name})
                st.rerun()
        return
    _points(service, info, drawn)


def _points(service: DLCodeGen, info: DatasetInfo, drawn: EmbeddingMap) -> None:
    colour = st.segmented_control("Colour by", [BY_GROUP, BY_LANGUAGE], default=BY_GROUP, required=True)
    if colour == BY_GROUP:
        names = [f"{drawn.groups[point.group]}" for point in drawn.points]
    else:
        names = [title(point.language) if point.language else "not known" for point in drawn.points]
    chosen = charts.point_map(
        [point.x for point in drawn.points],
        [point.y for point in drawn.points],
        names,
        [point.preview for point in drawn.points],
        key=f"dataset.map.{info.fingerprint}.{colour}",
    )
    part = "" if len(drawn.points) == drawn.pairs else f"{len(drawn.points):,} of {drawn.pairs:,} pairs. "
    st.caption(f"{part}Embedded by {frame.plain_text(drawn.embedder)}. Only nearness means something. Click a point.")
    if chosen is not None:
        row = service.datasets.row(info.name, drawn.points[chosen].row_id)
        if row is None:
            st.caption("This pair was changed or deleted since the map was drawn.")
            return
        pair = row.pair
        st.markdown(f"**{frame.plain_text(f'{pair.source}:{pair.line}' if pair.source else 'The pair')}**")
        left, right = st.columns(2)
        left.code(pair.prompt, language=pair.language, height=240)
        right.code(pair.target, language=pair.language, height=240)
