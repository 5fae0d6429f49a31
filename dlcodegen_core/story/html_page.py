"""A story as one self-contained HTML file, all four chapters below each other: for people who get it by mail.

Every text of a person, a file or a model is escaped, and the file forbids itself scripts and anything from elsewhere.
Curves are drawn as pictures of lines within it.
"""

from collections.abc import Sequence
from html import escape

from dlcodegen_core.story import telling
from dlcodegen_core.story.story import Curves, Example, Explained, Push, ReportFigures, Source, Story, StoryAnswer

_COLOURS: dict[Source, str] = {
    "counts": "counts",
    "prompt": "prompt",
    "neighbours": "neighbours",
    "network": "network",
    "base rate": "rate",
}
_STYLE = """
body { font: 18px/1.6 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; color: #1b2a2f; }
h1 { font-size: 2rem; line-height: 1.2; } h2 { font-size: 1.6rem; margin-top: 4rem; } h3 { font-size: 1.15rem; }
.lead { font-size: 1.35rem; } .quiet { color: #5c6d73; font-size: 0.95rem; }
pre { background: #f4f7f8; padding: 1rem; border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere;
  font-size: 1rem; }
.ghost { color: #0b6572; background: #dff0f2; font-style: italic; }
.counts { background: #9fd7de; } .prompt { background: #cbbfe8; } .neighbours { background: #e3cf9d; }
.network { background: #f0c8a5; } .rate { background: #d0d7da; }
table { border-collapse: collapse; width: 100%; font-size: 0.95rem; }
td, th { text-align: left; padding: 0.25rem 0.75rem 0.25rem 0; vertical-align: top; overflow-wrap: anywhere; }
td code { white-space: pre-wrap; }
svg { width: 100%; max-width: 40rem; height: auto; } svg text { font-size: 13px; fill: currentColor; }
.training { stroke: #0f9aad; fill: none; stroke-width: 2; }
.held-out { stroke: #d9771f; fill: none; stroke-width: 2; stroke-dasharray: 6 4; } .axis { stroke: #8a9aa0; }
@media (prefers-color-scheme: dark) {
  body { background: #12191c; color: #e3ecee; } pre { background: #1b2529; } .quiet { color: #9fb0b6; }
  .ghost { color: #6fd0dc; background: #17343a; } .counts, .prompt, .neighbours, .network, .rate { color: #12191c; }
}
"""
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 240, 48, 34, 22


def html_story(story: Story) -> str:
    """The story as a whole HTML document."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    title = escape(f"The story of {story.title}")
    parts = [
        f"<h1>{title}</h1>",
        _paragraph(telling.what_it_is(story), "lead"),
        _paragraph(f"Made {story.made_at[:16].replace('T', ' ')} from {telling.asked_of(story.figures)}", "quiet"),
    ]
    for chapter, tell in zip(telling.CHAPTERS, (_untrained, _trained, _explained, _corrected), strict=True):
        parts.append(f"<h2>{chapter.number}. {escape(chapter.name)}: {escape(chapter.question)}</h2>")
        parts.append(_paragraph(telling.headline(story, chapter.number), "lead"))
        parts += tell(story)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n<body>{''.join(parts)}</body></html>\n"
    )


def _untrained(story: Story) -> list[str]:
    parts = [_paragraph(f"Asked was {story.untrained}.")]
    for example in story.examples:
        parts += [*_asked(example, example.before), _truth(example, example.before)]
    return parts


def _trained(story: Story) -> list[str]:
    parts = [_paragraph(telling.before_and_after(story))]
    for example in story.examples:
        parts += [*_asked(example, example.after), _truth(example, example.after), _stages(example.after)]
    if story.curves:
        parts += [_curves("Loss (lower is better)", story.curves, story.curves.loss, story.curves.val_loss)]
        parts += [
            _curves("Accuracy (share right)", story.curves, story.curves.accuracy, story.curves.val_accuracy, 1.0)
        ]
    parts.append("<h3>Against simpler systems</h3>")
    return [*parts, *(_report(story.report) if story.report else [_paragraph(story.report_note, "quiet")])]


def _explained(story: Story) -> list[str]:
    parts: list[str] = []
    if story.model.kind == "sequence":
        legend = "".join(
            f'<span class="{_COLOURS[source]}"> {escape(name)} </span> ' for source, name in telling.SOURCES.items()
        )
        parts.append(f"<p>{legend}</p>")
    for example in story.examples:
        parts += [f"<h3>{escape(telling.where(example))}</h3>", *_why(example)]
    return parts


def _corrected(story: Story) -> list[str]:
    if story.correction is None:
        return [_paragraph(story.correction_note, "quiet")]
    example = story.examples[story.correction.example]
    return [
        *_asked(example, example.after),
        _paragraph("What was given as its correction:"),
        _code(story.correction.given),
        _paragraph("The answer to the same prompt after that:"),
        _ghost(example.prompt, story.correction.after.text),
        _paragraph(telling.verdict(story.correction.after), "quiet"),
    ]


def _asked(example: Example, answer: StoryAnswer) -> list[str]:
    return [
        f"<h3>{escape(telling.where(example))}</h3>",
        _paragraph(f"{telling.CHOSEN[example.chosen]}.", "quiet"),
        _ghost(example.prompt, answer.text),
        _paragraph(telling.verdict(answer), "quiet"),
    ]


def _truth(example: Example, answer: StoryAnswer) -> str:
    return "" if answer.right else _paragraph("What was really there:") + _code(example.truth)


def _stages(answer: StoryAnswer) -> str:
    return _paragraph(", ".join(f"{stage} {taken:.2f} ms" for stage, taken in answer.latency_ms.items()), "quiet")


def _why(example: Example) -> list[str]:
    explained = example.explained
    parts = []
    if explained.origins:
        tail = example.prompt[example.prompt.rfind("\n") + 1 :]
        pieces = "".join(
            f'<span class="{_COLOURS[origin.source]}">{escape(origin.text)}</span>' for origin in explained.origins
        )
        parts.append(f"<pre>{escape(tail)}{pieces}</pre>")
        rows = [
            (telling.visible(origin.text), telling.SOURCES[origin.source], ", ".join(origin.places))
            for origin in explained.origins
        ]
        parts.append(_table(("Piece", "From", "Where"), rows))
    if explained.groups:
        parts += _pushed(explained)
    if warning := telling.repeated_told(example):
        parts.append(f"<p><strong>{escape(warning)}</strong></p>")
    if explained.note:
        parts.append(_paragraph(explained.note, "quiet"))
    if explained.near:
        near = [(f"{pair.similarity:.2f}", pair.prompt, pair.target, pair.place) for pair in explained.near]
        parts.append(_paragraph("The learned examples that are most like this prompt:"))
        parts.append(_table(("Alike", "Prompt", "Then came", "Where"), near))
    return parts


def _pushed(explained: Explained) -> list[str]:
    told = telling.pushed_told(explained)
    return [
        _paragraph(told),
        _table(("Group of numbers", "Push, nats"), [_push(push) for push in explained.groups]),
        _table(("Strongest of the 544 numbers", "Push, nats"), [_push(push) for push in explained.dimensions]),
    ]


def _push(push: Push) -> tuple[str, str]:
    return push.name, f"{push.push:+.3f}"


def _report(report: ReportFigures) -> list[str]:
    rows = [
        (
            f"{row.name} (this model)" if row.own and "(this model)" not in row.name else row.name,
            f"{row.right.mean:.0%}" if row.right else "–",
            f"{row.similarity.mean:.0f}" if row.similarity else "–",
            f"{row.p50_ms:.1f}" if row.p50_ms is not None else "–",
        )
        for row in report.rows
    ]
    return [
        _table(("System", "Lines right", "Alike, of 100", "ms, median"), rows),
        _paragraph(f"Over {report.prompts:,} lines from {report.files:,} held-out files.", "quiet"),
    ]


def _curves(
    title: str,
    curves: Curves,
    training: Sequence[float | None],
    held_out: Sequence[float | None],
    highest: float | None = None,
) -> str:
    """Two lines in a picture; empty if nothing of them is known."""
    known = [value for value in (*training, *held_out) if value is not None]
    if not known:
        return ""
    top, last = highest or max(known) or 1.0, max(curves.places) or 1.0

    def line(values: Sequence[float | None], name: str) -> str:
        points = " ".join(
            f"{_LEFT + (_WIDTH - _LEFT) * place / last:.1f},{_TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - value / top):.1f}"
            for place, value in zip(curves.places, values, strict=True)
            if value is not None
        )
        return f'<polyline class="{name}" points="{points}"/>' if points else ""

    floor = _HEIGHT - _BOTTOM
    return (
        f"<h3>{escape(title)}</h3>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"><line class="axis" x1="{_LEFT}" y1="{floor}" '
        f'x2="{_WIDTH}" y2="{floor}"/>{line(training, "training")}{line(held_out, "held-out")}'
        f'<text x="0" y="{_TOP + 5}">{top:.2f}</text><text x="0" y="{floor}">0</text>'
        f'<text x="{_LEFT}" y="{_HEIGHT - 8}">0 to {last:.0f} '
        f"{'epochs' if curves.axis == 'epoch' else 'seconds of learning'}; solid: training, dashed: held out"
        "</text></svg>"
    )


def _ghost(prompt: str, completion: str) -> str:
    return f'<pre>{escape(prompt)}<span class="ghost">{escape(completion)}</span></pre>'


def _code(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"


def _paragraph(text: str, kind: str = "") -> str:
    if not text:
        return ""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    body = "".join("<tr>" + "".join(f"<td><code>{escape(cell)}</code></td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{titles}</tr>{body}</table>"
