"""A prediction as one self-contained HTML file: to be mailed, kept, or shown where no workbench runs.

Every text of a person, a file or a model is escaped, and the file forbids itself scripts and anything from elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b2a2f; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
pre { background: #f4f7f8; padding: 1rem; border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
.ghost { color: #0f7b8a; background: #dff0f2; font-style: italic; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: 0.25rem 0.75rem 0.25rem 0; }
td.number, th.number { text-align: right; white-space: nowrap; } td code { white-space: pre-wrap; }
.bar { background: #0f9aad; height: 0.8rem; border-radius: 3px; min-width: 1px; }
.quiet { color: #5c6d73; }
@media (prefers-color-scheme: dark) {
  body { background: #12191c; color: #e3ecee; } pre { background: #1b2529; }
  .ghost { color: #6fd0dc; background: #17343a; } .quiet { color: #9fb0b6; }
}
"""


@dataclass(frozen=True, slots=True)
class ReportedOrigin:
    """A piece of the completion, what it came from in words, and where that stands, empty if it has no place."""

    text: str
    came_from: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Reported:
    """All that a report tells. groups: the feature groups, each with its strongest dimensions in words."""

    prompt: str
    completion: str
    confidence: float
    version: str
    about_version: str
    alternatives: Sequence[tuple[str, float]]
    latency_ms: Mapping[str, float]
    cached: bool
    origins: Sequence[ReportedOrigin] = ()
    groups: Sequence[tuple[str, str]] = ()


def html_report(reported: Reported, made_at: datetime) -> str:
    """The report as a whole HTML document."""
    parts = [
        f"<h1>A completion by {escape(reported.version)}</h1>",
        f'<p class="quiet">{escape(reported.about_version)} Made {escape(made_at.strftime("%Y-%m-%d %H:%M"))}.</p>',
        f'<pre>{escape(reported.prompt)}<span class="ghost">{escape(reported.completion)}</span></pre>',
        f"<p>Confidence {reported.confidence:.2f}, {sum(reported.latency_ms.values()):.1f} ms"
        f"{', from the cache' if reported.cached else ''}.</p>",
        "<h2>Alternatives</h2>",
        _table(("Completion", "Confidence"), [(text, f"{sure:.3f}") for text, sure in reported.alternatives]),
        "<h2>Where the time went</h2>",
        _bars(reported.latency_ms),
    ]
    if reported.origins:
        rows = [(origin.text, origin.came_from, origin.place) for origin in reported.origins]
        parts += ["<h2>Where each piece comes from</h2>", _table(("Piece", "From", "Place"), rows)]
    if reported.groups:
        parts += ["<h2>The prompt in 544 numbers</h2>", _table(("Group", "Strongest"), list(reported.groups))]
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>A completion by {escape(reported.version)}</title><style>{_STYLE}</style></head>\n"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    body = "".join(
        "<tr>" + "".join(f"<td><code>{escape(cell) or '&nbsp;'}</code></td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{titles}</tr>{body}</table>"


def _bars(latency_ms: Mapping[str, float]) -> str:
    longest = max(latency_ms.values(), default=1.0) or 1.0
    rows = "".join(
        f'<tr><td>{escape(stage)}</td><td style="width: 60%">'
        f'<div class="bar" style="width: {100 * taken / longest:.1f}%"></div></td>'
        f'<td class="number">{taken:.2f} ms</td></tr>'
        for stage, taken in latency_ms.items()
    )
    return f"<table>{rows}</table>"
