"""The A/B test that runs, its versions side by side, evidence and verdict; or the plan of a new one; earlier ones."""

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.experiments import BY_ACCEPTED, BY_KEPT, BY_SIMILARITY, Experiment, Results
from dlcodegen_core.experiments.records import ALIKE, ArmResult, ShadowResult
from dlcodegen_core.experiments.verdicts import rounded
from pages._models import ab_test_plan
from pages._shared import charts, frame, wording

REFRESH_SECONDS = 5.0
NOTICE = "models.ab_test.notice"
EARLIER = "models.ab_test.earlier"
FEW_USERS = 10
TITLES = {
    BY_ACCEPTED: "Share of answers that are accepted",
    BY_KEPT: "Share of answers that are accepted or edited",
    BY_SIMILARITY: "Share of an answer that is kept, on average",
}
SHORT = {BY_ACCEPTED: "Accepted", BY_KEPT: "Accepted or edited", BY_SIMILARITY: "Kept of each"}


def draw(service: DLCodeGen) -> None:
    if notice := st.session_state.pop(NOTICE, ""):
        st.success(frame.plain_text(notice), icon=":material/check:")
    running = service.experiments.running()
    if running is None:
        ab_test_plan.draw(service)
    else:
        st.fragment(_running, run_every=REFRESH_SECONDS)(service, running)
    _earlier(service)


def _running(service: DLCodeGen, experiment: Experiment) -> None:
    with frame.plain_errors():
        now = service.experiments.running()
        if now is None or now.id != experiment.id:
            st.rerun()  # it ended, here or elsewhere
        results = service.experiments.results(experiment.id)
        st.subheader(frame.plain_text(experiment.name))
        st.caption(
            f"Started {wording.ago(experiment.started_at)}. Each person stays with one version as long as it runs; "
            "requests that name no user are dealt by chance."
        )
        _verdict(results)
        _actions(service, results)
        _figures(results, "running")
        if experiment.shadow and not now.shadow:
            st.warning(
                f"The shadow {frame.plain_text(experiment.shadow)} cannot be used any more. The test goes on without.",
                icon=":material/warning:",
            )


def _verdict(results: Results) -> None:
    sentence = frame.plain_text(results.verdict.sentence)
    if results.verdict.winner:
        st.success(f"**{sentence}**", icon=":material/trophy:")
    elif results.verdict.decision == ALIKE:
        st.info(f"**{sentence}** Keep the one you like, such as the faster one.", icon=":material/equal:")
    else:
        st.info(sentence, icon=":material/hourglass_top:")


def _actions(service: DLCodeGen, results: Results) -> None:
    experiment, winner = results.experiment, results.verdict.winner
    production = service.versions.alias("production")
    with st.container(horizontal=True, vertical_alignment="center"):
        if winner and winner != production:
            if st.button(
                f"Make {winner} production",
                type="primary",
                icon=":material/rocket_launch:",
                help="Everybody gets its answers from now on, and the test ends. Production can be rolled back.",
            ):
                with frame.plain_errors():
                    service.versions.promote(winner)
                    _stop(service, experiment, f"{winner} won and was made production.")
        elif winner:
            st.caption(f"{winner} is production already; stop the test and everybody gets it.")
        with st.popover("Stop the test", icon=":material/stop_circle:"):
            st.markdown(
                "From then on everybody gets the production version, or the newest where none is set. What was counted "
                "stays, and the test stands below among the earlier ones; it cannot be gone on with."
            )
            if st.button("Stop it now", key="models.ab_test.stop"):
                with frame.plain_errors():
                    _stop(service, experiment, "It was stopped on the Models page.")


def _stop(service: DLCodeGen, experiment: Experiment, because: str) -> None:
    over = service.experiments.stop(experiment.id, because)
    st.session_state[NOTICE] = f"The test “{over.name}” is over. {because}"
    st.rerun()


def _figures(results: Results, key: str) -> None:
    """What there is to see of a test, running or over."""
    for cell, arm, number in zip(st.columns(2), results.arms, (0, 1), strict=True):
        with cell.container(border=True):
            _arm(results, arm, number)
    if not results.outcomes:
        st.caption(
            "No answer was judged yet. Each time somebody accepts, edits or rejects one, on the Predict page or over "
            "HTTP, it is counted here, and the evidence begins to move."
        )
        return
    left, right = st.columns([2, 3])
    with left:
        _means(results, key)
    with right:
        charts.evidence(
            [point.outcomes for point in results.evidence],
            [
                (results.arms[0].version, [point.for_first for point in results.evidence]),
                (results.arms[1].version, [point.for_second for point in results.evidence]),
            ],
            results.enough,
            key=f"models.ab_test.evidence.{key}",
        )
    _how_to_read(results)
    if results.shadow is not None:
        _shadow(results.shadow)


def _arm(results: Results, arm: ArmResult, number: int) -> None:
    st.markdown(f"**{'AB'[number]}: {frame.plain_text(arm.version)}**, {arm.share:.0%} of the traffic")
    unit = "of an answer" if results.experiment.measure == BY_SIMILARITY else f"of {arm.outcomes:,} answers"
    value, counted = st.columns([3, 2])
    value.metric(
        SHORT[results.experiment.measure],
        f"{arm.value.mean:.0%}" if arm.outcomes else "–",
        help=f"The share {unit}. It may really be {arm.value.low:.0%} to {arm.value.high:.0%}; these limits hold at "
        "all times at once, so looking often does them no harm.",
    )
    more = results.needed[number] if results.needed else None
    counted.metric("Answers judged", f"{arm.outcomes:,}")
    if more is not None:
        counted.caption(f"about {rounded(more):,} more needed")
    counts = ", ".join(f"{count:,} {name}" for name, count in arm.counts.items())
    told = [counts, _people(arm)]
    if arm.kept_similarity is not None:
        told.append(f"kept ones stayed {arm.kept_similarity:.0%} as offered")
    if arm.latency_ms is not None:
        told.append(f"answers in {wording.milliseconds(arm.latency_ms)} (median)")
    st.caption(" · ".join(told))


def _people(arm: ArmResult) -> str:
    if not arm.users:
        return "no user was named"
    people = "1 user" if arm.users == 1 else f"{arm.users:,} users"
    return people if not arm.anonymous else f"{people}, and {arm.anonymous:,} answers without one"


def _means(results: Results, key: str) -> None:
    charts.arms_with_limits(
        [arm.version for arm in results.arms],
        [arm.value.mean for arm in results.arms],
        [arm.value.low for arm in results.arms],
        [arm.value.high for arm in results.arms],
        TITLES[results.experiment.measure],
        key=f"models.ab_test.means.{key}",
    )
    difference = results.difference
    st.caption(
        f"{frame.plain_text(results.arms[1].version)} less {frame.plain_text(results.arms[0].version)}: "
        f"{_points(difference.mean)} points, possibly {_points(difference.low)} to {_points(difference.high)}."
    )


def _points(difference: float) -> str:
    whole = round(100 * difference)
    return f"{whole:+}".replace("-", "−") if whole else "0"


def _how_to_read(results: Results) -> None:
    waiting = (
        "" if not results.waiting else f" {results.waiting:,} answers wait for a counterpart from the other version."
    )
    st.caption(
        "Imagine betting on which version is better, at fair odds: the evidence is what one unit of money has become. "
        f"Without a difference it reaches {results.enough:g} in at most {1 / results.enough:.0%} of tests, however "
        f"often one looks, so the test may be ended as soon as it does.{waiting}"
    )
    named = [arm.users for arm in results.arms if arm.users]
    if named and min(named) < FEW_USERS:
        st.caption(
            ":material/warning: Every answer counts as one, but the answers of one person are alike. "
            f"With as few users as {min(named):,} of a version, it may be people that differ rather than versions."
        )


def _shadow(shadow: ShadowResult) -> None:
    st.markdown(f"**Shadow: {frame.plain_text(shadow.version)}**, computed beside the answers and never shown")
    if not shadow.answers:
        st.caption("It has not answered yet.")
        return
    cells = st.grid("auto", min_column_width=150)
    for title, value, told in (
        ("Answers", f"{shadow.answers:,}", "How often it was computed beside an answer."),
        ("The same as shown", _percent(shadow.same), "Share of its answers that equal the shown one."),
        ("Likeness to the shown", _percent(shadow.likeness), "Mean edit similarity of its answer and the shown one."),
        (
            "Likeness to the kept",
            _percent(shadow.kept_by_shadow),
            f"Mean edit similarity of its answer and what people kept, over {shadow.compared:,} kept answers. "
            f"For the shown answers it is {_percent(shadow.kept_by_shown)}; people saw those, which helps them.",
        ),
        ("It takes", "–" if shadow.latency_ms is None else wording.milliseconds(shadow.latency_ms), "Median."),
    ):
        cells.metric(title, value, help=told)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _earlier(service: DLCodeGen) -> None:
    over = service.experiments.history()
    if not over:
        return
    st.subheader("Earlier tests")
    st.dataframe(
        {
            "Test": [test.name for test in over],
            "Versions": [" and ".join(arm.version for arm in test.arms) for test in over],
            "Ended": [wording.ago(test.ended_at) for test in over if test.ended_at],
            "What it found": [test.conclusion for test in over],
            "Why it ended": [test.ended_because for test in over],
        },
        hide_index=True,
        height=min(300, 40 + 35 * len(over)),
    )
    titles = {test.id: f"{test.name}, {wording.ago(test.ended_at)}" for test in over if test.ended_at}
    chosen = st.selectbox(
        "Look at one again", list(titles), index=None, format_func=titles.__getitem__, key=EARLIER, placeholder="Choose"
    )
    if chosen is not None:
        with frame.plain_errors():
            results = service.experiments.results(chosen)
            _verdict(results)
            _figures(results, "earlier")
