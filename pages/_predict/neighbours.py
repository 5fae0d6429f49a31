"""The training pairs whose prompts are most like this one, and what a person can do about each."""

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.data.store import DatasetInfo, PairRow
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.retrieval.records import IndexStatus, Neighbour
from dlcodegen_core.tasks.kinds import INDEX
from pages._predict import before_after
from pages._predict.asked import Asked
from pages._shared import frame, learned
from pages._shared.edit_pair import delete_pair, edit_pair
from pages._shared.task_watch import watch

COUNT = 5
PROMPT_END = 400
DELETED, EDITED = "deleted from a prediction", "edited from a prediction"


def draw(service: DLCodeGen, asked: Asked) -> None:
    card = service.versions.card(asked.answer.version)
    info = _dataset(service, card)
    if info is None:
        return
    if card.dataset == info.name:
        before_after.draw(service, asked, card, info)
    if not index_ready(service, info):
        return
    found = service.workshop.nearest(info.name, asked.prompt, COUNT)
    if not found:
        st.caption("Nothing is near: the pairs that the index knows are gone.")
    for number, neighbour in enumerate(found):
        _neighbour(service, info, card, neighbour, number)


def index_ready(service: DLCodeGen, info: DatasetInfo) -> bool:
    """Whether the nearest pairs of a dataset can be asked for; offers to build the index where it is not up to date."""
    task = service.tasks.latest(INDEX, info.name)
    if task is not None and task.running:
        watch(service, task.id, f"Indexing {info.name}")
        st.caption("Each prompt of the dataset is embedded once; what was embedded for a training costs nothing.")
        return False
    if task is not None and task.error:
        st.error(frame.plain_text(task.error), icon=":material/error:")
    status = service.workshop.index_state(info.name).status
    if status is not IndexStatus.CURRENT:
        _offer_index(service, info, status)
    return status.can_be_asked


def _dataset(service: DLCodeGen, card: ModelCard) -> DatasetInfo | None:
    """The dataset to look in: the model's own where it was trained on a stored one."""
    infos = {info.name: info for info in service.datasets.infos()}
    if not infos:
        st.caption("There is no stored dataset to look in.")
        return None
    names = list(infos)
    own = card.dataset if card.dataset_revision is not None and card.dataset in infos else None
    if own is None:
        st.caption("This model was trained on no stored dataset. Look for pairs like this prompt in another one.")
    chosen = st.selectbox("In dataset", names, index=names.index(own) if own else 0)
    return infos[chosen]


def _offer_index(service: DLCodeGen, info: DatasetInfo, status: IndexStatus) -> None:
    told = {
        IndexStatus.MISSING: f"The {info.pair_count:,} pairs of {info.name} are not indexed yet.",
        IndexStatus.BEHIND: "The dataset has changed since it was indexed.",
        IndexStatus.HALF_BUILT: "The index was left half built.",
        IndexStatus.BUILDING: "Another process is building the index.",
        IndexStatus.OTHER_EMBEDDER: "The index was built with another embedder, whose numbers cannot be compared.",
    }[status]
    left, right = st.columns([3, 1], vertical_alignment="center")
    left.caption(frame.plain_text(told))
    label = "Build the index" if status in (IndexStatus.MISSING, IndexStatus.OTHER_EMBEDDER) else "Bring it up to date"
    if right.button(label, icon=":material/manage_search:", disabled=status is IndexStatus.BUILDING, width="stretch"):
        service.tasks.start(INDEX, info.name, {"dataset": info.name})
        st.rerun()


def _neighbour(service: DLCodeGen, info: DatasetInfo, card: ModelCard, neighbour: Neighbour, number: int) -> None:
    pair = neighbour.pair
    with st.container(border=True):
        where = f"{pair.source}:{pair.line}" if pair.source else "no file"
        st.markdown(f"**{neighbour.similarity:.2f}** alike · {frame.plain_text(where)}")
        left, right = st.columns(2)
        left.code(pair.prompt[-PROMPT_END:], language=pair.language, wrap_lines=True)
        right.code(pair.target, language=pair.language, wrap_lines=True)
        if side := learned.told(service, card, info.name, neighbour.row_id):
            st.caption(side)
        with st.container(horizontal=True, vertical_alignment="center"):
            frame.link("inspect", "Open", dataset=info.name, version=card.version, pair=str(neighbour.row_id))
            if st.button("Edit it", key=f"neighbour.edit.{number}", icon=":material/edit:"):
                edit_pair(service, info, PairRow(neighbour.row_id, 0, pair), EDITED, lambda _row: None)
            if st.button("Delete it", key=f"neighbour.delete.{number}", icon=":material/delete:"):
                delete_pair(service, info.name, neighbour.row_id, DELETED)
                st.rerun()
            if st.button(
                "Train again without it", key=f"neighbour.retrain.{number}", icon=":material/model_training:",
                disabled=card.dataset != info.name, help="Moves it to the trash and trains with the same settings. "
                "This prompt's completion before and after is shown here when it is done.",
            ):  # fmt: skip
                delete_pair(service, info.name, neighbour.row_id, DELETED)
                service.start_training(info.name, card.config, f"without {where}"[:80])
                st.rerun()
