"""The four chapters, one at a time: a sentence to read out, a prompt to look at, and the figures behind both."""

import pandas as pd
import streamlit as st

from dlcodegen_core.evaluation.line_metrics import Interval
from dlcodegen_core.story import telling
from dlcodegen_core.story.story import Example, Score, Story, StoryAnswer
from pages._shared import charts, frame
from pages._shared.charts.drawing import harmless
from pages._shared.ghost_text import ghost_text
from pages._story import navigation, why
from pages._story.navigation import Place

# Read from the other end of a room. Fixed text of ours: nothing of a user's is in it.
_STYLE = """<style>
.st-key-story_lead p { font-size: 1.55rem; line-height: 1.35; }
.st-key-story_text p { font-size: 1.1rem; }
</style>"""
PROMPT_LINES = 7
THIS_ANSWER, ALL, CURVES, BASELINES = "This answer", "All prompts", "How it learned", "Against simpler systems"


def draw(story: Story, place: Place) -> None:
    """The chapter that is open."""
    chapter = telling.CHAPTERS[place.chapter - 1]
    st.html(_STYLE)
    st.subheader(chapter.question)
    with st.container(key="story_lead"):
        st.markdown(frame.plain_text(telling.headline(story, chapter.number)))
    (_untrained, _trained, _explained, _corrected)[place.chapter - 1](story, place)


def _untrained(story: Story, place: Place) -> None:
    _text(f"{telling.what_it_is(story)} Before that, there was {story.untrained}.")
    example = _example(story, place)
    _answer(story, example, example.before, "before")
    st.caption(frame.plain_text(f"Counted over {telling.asked_of(story.figures)}"))


def _trained(story: Story, place: Place) -> None:
    example = _example(story, place)
    _answer(story, example, example.after, "after")
    st.caption(frame.plain_text(f"Before the training it was: {telling.visible(example.before.text.strip())}"))
    panels = [THIS_ANSWER, ALL, CURVES]
    if story.model.kind == "sequence":
        panels.append(BASELINES)
    chosen = st.segmented_control(
        "Figures", panels, default=ALL, required=True, key=f"story.figures.{story.model.kind}",
        label_visibility="collapsed",
    )  # fmt: skip
    if chosen == THIS_ANSWER:
        _one_answer(example)
    elif chosen == ALL:
        _all_prompts(story)
    elif chosen == CURVES:
        _curves(story)
    else:
        _baselines(story)


def _explained(story: Story, place: Place) -> None:
    example = _example(story, place)
    if story.model.kind == "deepcodenet":
        ghost_text(_excerpt(story, example), example.after.text, key="story.explained", large=True)
    why.draw(story, example, _excerpt(story, example))


def _corrected(story: Story, _place: Place) -> None:
    correction = story.correction
    if correction is None:
        st.info(frame.plain_text(story.correction_note), icon=":material/info:")
        return
    example = story.examples[correction.example]
    st.caption(frame.plain_text(f"{telling.CHOSEN[example.chosen]}: {telling.where(example)}"))
    left, right = st.columns(2)
    with left:
        st.markdown("**Before the correction**")
        ghost_text(_excerpt(story, example), example.after.text, key="story.wrong", large=True)
        _verdict(example.after)
    with right:
        st.markdown("**After it**")
        ghost_text(_excerpt(story, example), correction.after.text, key="story.corrected", large=True)
        _verdict(correction.after, telling.TAUGHT_TOLD)
    st.markdown("**What was given as the correction**")
    st.code(correction.given, language=example.language, wrap_lines=True)
    _text(
        "A correction is remembered at once and for prompts like this one; the model itself is as it was. It learns "
        "from corrections when it is fine-tuned on them."
    )
    st.caption(
        f"Measured when the story was made: {correction.alike} of {correction.others} other prompts were answered as "
        "before. Nothing was kept of this correction."
    )


def _example(story: Story, place: Place) -> Example:
    """The row of examples, and what the chosen one is."""
    navigation.choose_example(story, place)
    example = story.examples[place.example - 1]
    st.caption(frame.plain_text(f"{telling.CHOSEN[example.chosen]}: {telling.where(example)}"))
    return example


def _answer(story: Story, example: Example, answer: StoryAnswer, side: str) -> None:
    ghost_text(_excerpt(story, example), answer.text, key=f"story.{side}", large=True)
    _verdict(answer)
    if not answer.right:
        st.caption("What was really there:")
        st.code(example.truth, language=example.language, wrap_lines=True)


def _excerpt(story: Story, example: Example) -> str:
    """The last lines of a prompt; where a line follows, shifted left by the indentation that they all have."""
    lines = example.prompt.split("\n")[-PROMPT_LINES:]
    while len(lines) > 1 and not lines[0].strip():
        lines = lines[1:]
    if story.model.kind != "sequence":  # a token may be a line end with its own indentation
        return "\n".join(lines)
    filled = [line for line in lines[:-1] if line.strip()] + lines[-1:]
    shared = min(len(line) - len(line.lstrip()) for line in filled)
    return "\n".join(line[shared:] for line in lines)


def _verdict(answer: StoryAnswer, sure_told: str = telling.CONFIDENCE_TOLD) -> None:
    icon = ":material/check:" if answer.right else ":material/close:"
    nothing = "" if answer.text else " It offered nothing."
    st.caption(f"{icon} {frame.plain_text(telling.verdict(answer) + '.' + nothing)}", help=sure_told)


def _one_answer(example: Example) -> None:
    if not example.after.latency_ms:
        st.caption("Nothing had to be computed for this answer.")
        return
    charts.latency_waterfall({harmless(name): ms for name, ms in example.after.latency_ms.items()}, key="story.stages")
    st.caption("Where the time of this one answer went, measured on the machine that made the story.")


def _all_prompts(story: Story) -> None:
    before, after = story.figures.before, story.figures.after
    rows = [("exactly right, %", _percent(before.right), _percent(after.right))]
    if before.similarity and after.similarity:
        rows.append(("like the true line", before.similarity, after.similarity))
    names, earlier, later = zip(*rows, strict=True)
    charts.before_and_after(names, earlier, later, key="story.all")
    asked = f"Over {telling.asked_of(story.figures)} {telling.before_and_after(story)}"
    st.caption(frame.plain_text(f"{asked} {_times(before, after)}".strip()))


def _times(before: Score, after: Score) -> str:
    if after.p50_ms is None:
        return ""
    earlier = f"{before.p50_ms:.1f} ms before, " if before.p50_ms is not None else ""
    return f"An answer takes {earlier}{after.p50_ms:.1f} ms after (median)."


def _percent(share: Interval) -> Interval:
    return Interval(100 * share.mean, 100 * share.low, 100 * share.high)


def _curves(story: Story) -> None:
    curves = story.curves
    if curves is None:
        st.info("This version has kept no curves of its training.", icon=":material/info:")
        return
    name = "epoch" if curves.axis == "epoch" else "seconds of learning"
    first = min(curves.places, default=0.0) if curves.axis == "epoch" else 0.0
    axis = charts.Axis(name, curves.places, first, max(curves.places, default=1.0), "not measured")
    left, right = st.columns(2)
    with left:
        charts.curve("Loss (lower is better)", axis, curves.loss, curves.val_loss, key="story.loss")
    with right:
        charts.curve(
            "Accuracy (share right)", axis, curves.accuracy, curves.val_accuracy, key="story.accuracy", percent=True
        )
    of_network = " These are of the network alone; the model also counts and copies." * (curves.axis == "seconds")
    st.caption(
        "Loss: how surprised the model is by the true next token. Held-out, dashed: on code that it does not learn "
        f"from, which is what counts.{of_network}"
    )


def _baselines(story: Story) -> None:
    report = story.report
    if report is None:
        st.info(frame.plain_text(story.report_note), icon=":material/info:")
        return
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "System": row.name,
                    "Alike": row.similarity.mean if row.similarity else None,
                    "Right": row.right.mean if row.right else None,
                    "Time": row.p50_ms,
                }
                for row in report.rows
            ]
        ),
        hide_index=True,
        placeholder="–",
        column_config={
            "Alike": st.column_config.ProgressColumn(
                "Like the true line", min_value=0, max_value=100, format="%.0f", help="Edit similarity, 0 to 100."
            ),
            "Right": st.column_config.NumberColumn("Exactly right", format="percent"),
            "Time": st.column_config.NumberColumn("ms, median", format="%.1f"),
        },
    )
    st.caption(
        f"{report.prompts:,} lines from {report.files:,} held-out files, put to all systems on "
        f"{frame.plain_text(report.made_at[:10])}."
    )


def _text(text: str) -> None:
    with st.container(key="story_text"):
        st.markdown(frame.plain_text(text))
