"""The plan of a new A/B test: which versions, who gets which, what counts as success, and what it will take."""

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.experiments import BY_ACCEPTED, BY_KEPT, BY_SIMILARITY, Arm
from dlcodegen_core.experiments.e_process import block_sizes
from dlcodegen_core.experiments.planning import answers_needed
from dlcodegen_core.experiments.verdicts import rounded
from dlcodegen_core.models.saved_model import ModelCard
from pages._shared import frame
from pages._shared.answering import answering

MEASURES = {BY_ACCEPTED: "It is accepted as it is", BY_KEPT: "It is accepted or edited", BY_SIMILARITY: "Much is kept"}
EXPLAINED = (
    "Only what needs no change counts.",
    "A start that was worth editing counts as well.",
    "An edited answer counts by how much of it stayed, a rejected one nothing.",
)
NO_SHADOW = ""
LEAST, MOST = 5, 95


def draw(service: DLCodeGen) -> None:
    st.markdown(
        "An A/B test gives some people one version and the rest another, and counts whose answers are accepted, edited "
        "or rejected. It says when the difference is more than luck, and looking at it early or often is allowed."
    )
    cards = answering(service).cards
    if len(cards) < 2:
        st.info(f"A test takes two versions, and there is {'only one so far' if cards else 'none yet'}.")
        frame.link("train", "Train a model")
        return
    _form(service, {card.version: _title(card) for card in cards})


def _title(card: ModelCard) -> str:
    return f"{card.version} {card.name}".strip()


def _form(service: DLCodeGen, titles: dict[str, str]) -> None:
    versions = list(titles)
    now = service.versions.resolve(None)
    rival = service.versions.alias("candidate")
    with st.container(border=True):
        left, right = st.columns(2)
        first = left.selectbox(
            "A: the version to beat",
            versions,
            index=versions.index(now) if now in versions else 0,
            format_func=titles.__getitem__,
            key="models.ab_test.first",
            help=f"At first {now}, which answers now.",
        )
        others = [version for version in versions if version != first]
        second = right.selectbox(
            "B: its challenger",
            others,
            index=others.index(rival) if rival in others else 0,
            format_func=titles.__getitem__,
            key="models.ab_test.second",
            help="At first the candidate, or else the newest other version.",
        )
        percent = left.slider(
            f"How many requests go to the challenger {second}",
            LEAST, MOST, 50, 5,
            format="%d %%",
            key="models.ab_test.share",
            help="Half is fastest. Fewer, where the challenger might be bad: the test then takes longer.",
        )  # fmt: skip
        shadows = [NO_SHADOW, *(version for version in others if version != second)]
        shadow = right.selectbox(
            "A shadow, computed beside and never shown",
            shadows,
            format_func=lambda version: titles[version] if version else "none",
            key="models.ab_test.shadow",
            help="Tells how alike a third version's answers are, and nobody depends on it. Every request then takes "
            "the processor twice; the shown answer does not wait for it.",
        )
        measure = st.radio(
            "When is an answer a success?",
            list(MEASURES),
            format_func=MEASURES.__getitem__,
            captions=EXPLAINED,
            horizontal=True,
            key="models.ab_test.measure",
        )
        name = st.text_input(
            "Name", f"{first} against {second}", max_chars=80, key=f"models.ab_test.name.{first}.{second}"
        )
        arms = (Arm(first, 1 - percent / 100), Arm(second, percent / 100))
        _what_it_takes(arms)
        if st.button("Start the test", type="primary", icon=":material/science:"):
            with frame.plain_errors():
                service.experiments.start(name, arms, shadow, measure)
                st.rerun()


def _what_it_takes(arms: tuple[Arm, Arm]) -> None:
    """How many answers it takes to see a difference that the person names."""
    st.markdown("**How long will it take?** That depends on how large the difference is; try some.")
    left, right = st.columns(2)
    before = left.slider(f"If {arms[0].version} succeeds with", 1, 99, 25, format="%d %%", key="models.ab_test.before")
    after = right.slider(f"and {arms[1].version} with", 1, 99, 32, format="%d %%", key="models.ab_test.after")
    sizes = block_sizes(arms[0].share, arms[1].share)
    half, most = (answers_needed(before / 100, after / 100, sizes=sizes, chance=chance) for chance in (0.5, 0.8))
    if half is None or most is None:
        st.caption("So small a difference takes more than 100,000 answers. It does not matter much which one is used.")
        return
    st.caption(
        f"To see {before} % become {after} %, half of such tests take up to **{_told(half, arms)}**, and 8 of 10 up to "
        f"{_told(most, arms)}. Only answers count that somebody accepts, edits or rejects."
    )


def _told(needed: tuple[int, int], arms: tuple[Arm, Arm]) -> str:
    if needed[0] == needed[1]:
        return f"{rounded(needed[0]):,} answers of each version"
    return " and ".join(f"{rounded(count):,} of {arm.version}" for count, arm in zip(needed, arms, strict=True))
