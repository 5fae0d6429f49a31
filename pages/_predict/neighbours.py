"""The training pairs whose prompts are most like this one, and what a person can do about each."""

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.data.store import DatasetInfo, Edits
from dlcodegen_core.models.saved_model import ModelCard
from dlcodegen_core.retrieval.records import IndexStatus, Neighbour
from dlcodegen_core.tasks.kinds import INDEX
from pages._predict.asked import Asked
from pages._shared import frame
from pages._shared.task_watch import watch

COUNT = 5
PROMPT_END = 400


def draw(service: DLCodeGen, asked: Asked) -> None:
    card = service.versions.card(asked.answer.version)
    info = _dataset(service, card)
    if info is None:
        return
    task = service.tasks.latest(INDEX, info.name)
    if task is not None and task.running:
        watch(service, task.id, f"Indexing {info.name}")
        st.caption("Each prompt of the dataset is embedded once; what was embedded for a training costs nothing.")
        return
    if task is not None and task.error:
        st.error(frame.plain_text(task.error), icon=":material/error:")
    state = service.workshop.index_state(info.name)
    if state.status is not IndexStatus.CURRENT:
        _offer_index(service, info, state.status)
    if not state.status.can_be_asked:
        return
    found = service.workshop.nearest(info.name, asked.prompt, COUNT)
    if not found:
        st.caption("Nothing is near: the pairs that the index knows are gone.")
    for number, neighbour in enumerate(found):
        _neighbour(service, info, card, neighbour, number)


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
        with st.container(horizontal=True):
            frame.link("dataset", "Open its dataset", dataset=info.name)
            if st.button("Delete it", key=f"neighbour.delete.{number}", icon=":material/delete:"):
                _delete(service, info, neighbour)
                st.toast("It lies in the dataset's trash now.", icon=":material/delete:")
                st.rerun()
            if st.button(
                "Train again without it", key=f"neighbour.retrain.{number}", icon=":material/model_training:",
                disabled=card.dataset != info.name, help="Moves it to the trash and starts a training with the same "
                "settings. Compare the two models under “Compare” when it is done.",
            ):  # fmt: skip
                _delete(service, info, neighbour)
                service.start_training(info.name, card.config, f"without {where}"[:80])
                frame.go_to("train")


def _delete(service: DLCodeGen, info: DatasetInfo, neighbour: Neighbour) -> None:
    revision = service.datasets.info(info.name).revision
    service.datasets.save(info.name, revision, Edits(deleted=[neighbour.row_id]), "deleted from a prediction")
