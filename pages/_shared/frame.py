"""The frame around every page: navigation, the shared service, the quiet status line, errors in plain words."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from dlcodegen_core import DLCodeGen, WorkbenchError
from dlcodegen_core.models.base_model import NAME as BASE
from dlcodegen_core.service import Status
from pages._shared import sign_in

PAGES_FOLDER = Path(__file__).parents[1]
_FRAMED = "frame.navigation_was_built"
_WANTED = "frame.page_wanted_before_the_frame"


@dataclass(frozen=True, slots=True)
class PageEntry:
    """One page in the navigation."""

    key: str
    title: str
    icon: str

    @property
    def file(self) -> Path:
        return PAGES_FOLDER / f"{self.key}.py"


PAGES = (
    PageEntry("home", "Home", ":material/home:"),
    PageEntry("dataset", "Dataset", ":material/dataset:"),
    PageEntry("train", "Train", ":material/model_training:"),
    PageEntry("predict", "Predict", ":material/code:"),
    PageEntry("inspect", "Inspect", ":material/manage_search:"),
    PageEntry("evaluate", "Evaluate", ":material/balance:"),
    PageEntry("story", "Story", ":material/auto_stories:"),
    PageEntry("models", "Models", ":material/deployed_code:"),
    PageEntry("performance", "Performance", ":material/speed:"),
)


@st.cache_resource(show_spinner=False)
def _shared_service() -> DLCodeGen:
    return DLCodeGen.get_instance()


def run() -> None:
    """Build the navigation, draw the frame and run the page that was asked for."""
    st.session_state[_FRAMED] = True
    pages = {
        entry.key: st.Page(
            entry.file, title=entry.title, icon=entry.icon, url_path=entry.key, default=entry.key == "home"
        )
        for entry in PAGES
    }
    st.session_state["frame.pages"] = pages
    # Code is typed into text areas, so they show it in a code font. Fixed text of ours: nothing of a user's is in it.
    st.html("<style>textarea { font-family: 'Source Code Pro', ui-monospace, monospace !important; }</style>")
    signed_in = sign_in.verdict_now() is sign_in.Verdict.COME_IN
    current = st.navigation(list(pages.values()), position="top" if signed_in else "hidden")
    sign_in.ask()
    if wanted := st.session_state.pop(_WANTED, None):
        key, query = wanted
        st.switch_page(pages[key], query_params=query)
    _status_line()
    sign_in.sign_out_button()
    current.run()


def begin(key: str) -> DLCodeGen:
    """Each page's first call: the shared service, after a detour through the main script if that was skipped.

    The first deep link after a server start runs a page without the main script, so without navigation.
    """
    if _FRAMED not in st.session_state:
        st.session_state[_WANTED] = (key, st.query_params.to_dict())
        st.switch_page(str(PAGES_FOLDER.parent / "workbench.py"))
    sign_in.ask()
    return _shared_service()


def link(key: str, label: str, icon: str | None = None, **query: str) -> None:
    """A link to another page of the workbench."""
    entry = next(entry for entry in PAGES if entry.key == key)
    st.page_link(st.session_state["frame.pages"][key], label=label, icon=icon or entry.icon, query_params=query or None)


def go_to(key: str) -> None:
    """Leave for another page."""
    st.switch_page(st.session_state["frame.pages"][key])


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Show the workbench's own errors as one box in plain words and end the block there."""
    try:
        yield
    except WorkbenchError as exc:
        st.error(plain_text(str(exc)), icon=":material/error:")


def plain_text(text: str) -> str:
    """Text of a person or a file made harmless for places that read Markdown: shown as it is, never as markup."""
    special = set("\\`*_{}[]()<>#+-.!|$~:")
    return "".join(f"\\{character}" if character in special else character for character in text)


def _status_line() -> None:
    """Which embedder works and which version answers, looked up in the background and never waited for."""
    status = _shared_service().last_status()
    if status is None:
        st.fragment(_status_soon, run_every=0.5)()
    else:
        _draw_status(status)


def _status_soon() -> None:
    """Look again until it is known, then draw the page without this refresh."""
    status = _shared_service().last_status()
    if status is not None:
        st.rerun()
    st.caption(":material/hourglass_empty: Looking for an embedder …")


def _draw_status(status: Status) -> None:
    service = _shared_service()
    with plain_errors():
        model = f":material/deployed_code: {_who_answers(service)}"
        if status.embedder_problem:
            st.caption(f":material/warning: no embedder, so trainings and new predictions wait  ·  {model}")
            st.warning(plain_text(status.embedder_problem), icon=":material/warning:")
        else:
            st.caption(
                f":material/memory: {plain_text(status.embedder)}  ·  {model}",
                help=f"Turns code into 384 of the 544 numbers a model sees. {plain_text(status.embedder_note)}",
            )
        for problem in filter(None, (service.versions.production_problem(), service.predictor.cache_problem())):
            st.warning(plain_text(problem), icon=":material/warning:")


def _who_answers(service: DLCodeGen) -> str:
    """Which version answers, and why that one, in a few words."""
    version = service.versions.answering()
    if version is None:
        return "no model yet"
    test = service.experiments.running()
    if test is not None:
        return f"{' and '.join(arm.version for arm in test.arms)} answer in turn: an A/B test runs"
    name = "the base model" if version == BASE else version
    is_chosen = service.versions.alias("production") == version
    return f"{name} answers" + (" (production)" if is_chosen else "")
