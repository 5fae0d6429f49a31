"""A story in words: the chapters, and the sentences that the page and the HTML file both say.

Plain text, for people who train no models. Every number in a sentence stands in the story.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from dlcodegen_core.evaluation.line_metrics import Interval
from dlcodegen_core.story.story import Chosen, Example, Explained, Figures, Origin, Score, Source, Story, StoryAnswer


@dataclass(frozen=True, slots=True)
class Chapter:
    """One of the four."""

    number: int
    name: str
    question: str


CHAPTERS = (
    Chapter(1, "Untrained", "What did it know before?"),
    Chapter(2, "Trained", "What did it learn?"),
    Chapter(3, "Explained", "How does it know?"),
    Chapter(4, "Corrected", "What if it is wrong?"),
)
CHOSEN: Mapping[Chosen, str] = {
    "helped": "One of those that the training helped most",
    "drawn": "Drawn blindly",
    "mistake": "The mistake that it was surest of",
}
SOURCES: Mapping[Source, str] = {
    "counts": "seen in the code it learned from",
    "prompt": "copied from the prompt",
    "neighbours": "copied from code like this",
    "network": "written by the network",
    "base rate": "just a frequent token",
}
SOURCES_TOLD: Mapping[Source, str] = {
    "counts": "it followed the same tokens in the code that the model learned from",
    "prompt": "it followed the same tokens earlier in the prompt",
    "neighbours": "it followed the same tokens in passages that share rare words with the prompt",
    "network": "looked up nowhere: the small transformer's own guess",
    "base rate": "no predictor had anything better",
}
CONFIDENCE_TOLD = "Confidence is the probability, 0 to 1, that the model itself gives to this answer."
TAUGHT_TOLD = "How sure the memory of corrections is, 0 to 1: it was told the answer to exactly this prompt."


def what_it_is(story: Story) -> str:
    """The model in a sentence or two."""
    model = story.model
    does = "completes whole lines" if model.kind == "sequence" else "gives the next token"
    took = f" in {_duration(model.seconds)}" if model.seconds is not None else ""
    tokens = "tokens" if model.kind == "sequence" else "samples"
    parent = f", going on from {model.parent}" if model.parent else ""
    return (
        f"{story.title} {does}. It was trained on “{model.dataset or 'source code'}”{took}{parent}: "
        f"{model.learned:,} {tokens} learned, {model.held_out:,} held out."
    )


def asked_of(figures: Figures) -> str:
    """What the figures are over."""
    files = f" from {_count(figures.files, 'file')}" if figures.files else ""
    if figures.held_out:
        return f"{_count(figures.prompts, 'prompt')}{files} that it has not learned from, drawn blindly."
    return (
        f"{_count(figures.prompts, 'prompt')}{files} that it HAS learned from, since nothing was held out. "
        "So they tell what it knows by heart, not what it can do."
    )


def headline(story: Story, chapter: int) -> str:
    """A chapter in a sentence or two."""
    if chapter == 1:
        return f"Before the training, {_result(story, story.figures.before)}."
    if chapter == 2:
        return f"After the training, {_result(story, story.figures.after)}. {_gained(story)}"
    if chapter == 3:
        if story.model.kind == "sequence":
            return "Each piece of an answer can be traced to who gave it, and often to a file and a line."
        return "An answer can be taken apart into what spoke for it and what against."
    correction = story.correction
    if correction is None:
        return "Nothing was corrected in this story."
    kept = f"{correction.alike} of {correction.others} other answers stayed as they were."
    if correction.after.right:
        return f"A mistake was corrected once, and the right answer comes from then on. {kept}"
    return f"The correction was given, and this answer is still not right. {kept}"


def before_and_after(story: Story) -> str:
    """The two sides' figures in one sentence, with what chance may have to do with it."""
    before, after = story.figures.before, story.figures.after
    told = f"Right: {_percent(before.right)} before, {_percent(after.right)} after"
    if before.similarity and after.similarity:
        told += f". Alike, of 100: {_points(before.similarity)} before, {_points(after.similarity)} after"
    drawn = "files" if story.figures.files > 1 else "prompts"
    return f"{told}. In brackets the 95 % interval, from drawing {drawn} anew."


def where(example: Example) -> str:
    """The file and the line of an example."""
    line = f", line {example.line:,}" if example.line is not None else ""
    return f"{example.path}{line}" if example.path else "a pair without a file"


def verdict(answer: StoryAnswer) -> str:
    """Right or not, how sure, how fast."""
    parts = ["right" if answer.right else "not right"]
    if answer.confidence is not None:
        parts.append(f"{answer.confidence:.2f} sure")
    if answer.latency_ms:
        parts.append(f"{answer.total_ms:.1f} ms{' from the cache' if answer.cached else ''}")
    return ", ".join(parts)


def visible(text: str) -> str:
    """An answer that can be seen: line ends are marked, and nothing is called nothing."""
    return text.replace("\n", "⏎") or "(nothing)"


def told_origin(origin: Origin) -> str:
    """Who gave a piece, and where that one saw it."""
    return f"{SOURCES[origin.source]}{' at ' + '; '.join(origin.places) if origin.places else ''}"


def repeated_told(example: Example) -> str:
    """The warning about text taken over word for word; empty if there is none."""
    repeated = example.explained.repeated
    if repeated is None:
        return ""
    files = f" It stands in {repeated.files:,} files." if repeated.files and repeated.files > 1 else ""
    return (
        f"{repeated.characters} characters of this stand word for word in {repeated.place}.{files} "
        "Think of its licence before you ship it, if that file is not yours."
    )


def pushed_told(explained: Explained) -> str:
    """How DeepCodeNet came from what it says of any prompt to what it says of this one."""
    token = f"“{visible(explained.token.strip(' '))}”" if explained.token else "the end of the completion"
    if explained.probability is None or explained.baseline_probability is None:
        return f"What pushed it to {token}."
    return (
        f"Why {token}: its probability went from {explained.baseline_probability:.1%} for {explained.baseline} to "
        f"{explained.probability:.1%} for this prompt. A push of +1 makes it 2.7 times as probable, -1 as much less."
    )


def _result(story: Story, score: Score) -> str:
    """`3 of 40 lines were exactly right; on average a line was 28 % like the true one`, or of tokens just the first."""
    figures, lines = story.figures, story.model.kind == "sequence"
    right = round(score.right.mean * figures.prompts)
    told = f"{right} of {figures.prompts} {'lines' if lines else 'next tokens'} {'was' if right == 1 else 'were'} "
    told += "exactly right" if lines else "right"
    return (
        f"{told}; on average a line was {score.similarity.mean:.0f}\N{NO-BREAK SPACE}% like the true one"
        if score.similarity
        else told
    )


def _gained(story: Story) -> str:
    """Whether that is better than before, as far as so few prompts can tell."""
    gain, points = story.figures.gain, story.figures.after.similarity is not None
    size = f"{abs(gain.mean):.0f} points of likeness" if points else f"{abs(gain.mean):.0%} of the prompts"
    if gain.low > 0:
        return f"That is {size} better than before."
    if gain.high < 0:
        return f"That is {size} worse than before."
    return "So few prompts cannot tell whether that is better than before."


def _percent(interval: Interval) -> str:
    return f"{interval.mean:.0%} [{interval.low:.0%}, {interval.high:.0%}]"


def _points(interval: Interval) -> str:
    return f"{interval.mean:.0f} [{interval.low:.0f}, {interval.high:.0f}]"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"
