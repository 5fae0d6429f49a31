"""The embedding map of a dataset: a click shows a pair, and the pairs that are shown and pinned have rings."""

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.data.store import DatasetInfo
from dlcodegen_core.evaluation.embedding_map import EmbeddingMap
from dlcodegen_core.tasks.kinds import MAP
from pages._inspect import state
from pages._shared import charts, frame
from pages._shared.task_watch import watch


def draw(service: DLCodeGen, info: DatasetInfo) -> None:
    task = service.tasks.latest(MAP, info.name)
    if task is not None and task.running:
        watch(service, task.id, "Drawing the map")
        return
    if task is not None and task.error:
        st.error(frame.plain_text(task.error), icon=":material/error:")
    drawn = service.workshop.map(info.name)
    if drawn is not None:
        _points(info, drawn)
        return
    st.caption(
        "Each pair becomes a point, and pairs whose prompts are alike lie near each other: what the model was shown "
        "much of, and what hardly ever. Takes up to a minute; what was embedded before costs nothing."
    )
    if st.button("Draw the map", icon=":material/map:"):
        service.tasks.start(MAP, info.name, {"dataset": info.name})
        st.rerun()


def _points(info: DatasetInfo, drawn: EmbeddingMap) -> None:
    places = {point.row_id: at for at, point in enumerate(drawn.points)}
    wanted = {"shown": state.pair(state.SHOWN), "pinned": state.pair(state.PINNED)}
    rings = {name: places[row_id] for name, row_id in wanted.items() if row_id in places}
    key = f"inspect.map.{info.fingerprint}"

    def clicked() -> None:
        points = st.session_state[key].selection.points
        if points:
            state.show_from_elsewhere(drawn.points[int(points[0]["customdata"][0])].row_id)

    charts.point_map(
        [point.x for point in drawn.points],
        [point.y for point in drawn.points],
        [drawn.groups[point.group] for point in drawn.points],
        [point.preview for point in drawn.points],
        key,
        rings,
        clicked,
    )
    part = "" if len(drawn.points) == drawn.pairs else f"{len(drawn.points):,} of {drawn.pairs:,} pairs. "
    missing = [name for name, row_id in wanted.items() if row_id is not None and row_id not in places]
    told = f" The pair that is {missing[0]} is not among them." if missing else ""
    st.caption(f"{part}Only nearness means something. Click a point to look at it.{told}")
