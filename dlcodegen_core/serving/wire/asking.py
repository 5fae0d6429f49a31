"""From what the protocols have in common to a `PredictionRequest`: the same wish in each of them asks the same.

A protocol speaks for models that draw samples by default; here the likeliest text is given unless samples are wanted.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dlcodegen_core.features.language import LANGUAGES
from dlcodegen_core.features.request_text import MAX_TEXT_CHARACTERS
from dlcodegen_core.inference.prediction import MAX_BEAMS, MAX_TOKENS, PredictionRequest
from dlcodegen_core.serving.wire.fields import Fields
from dlcodegen_core.serving.wire.fill_in import Gap, read_gap

# Editors send a temperature such as 0.01 or 0.1 and mean the likeliest text.
NEARLY_GREEDY = 0.1
LINE_BEAMS = 4  # a line is chosen among so many; longer texts come token by token, as they are decoded
# Where a suggestion ends that an editor has set no end: it can be read at a glance, and nobody takes more than that.
PARAGRAPH = ("\n\n", "\r\n\r\n")
MAX_STOPS = 64  # editors send the marks of several model families
CONTEXT_CHARACTERS = 24_000  # of other files: more than the model looks back at would only be read in vain
LONGEST_TOP_K = 16_384
LEAST_TOP_P = 0.01
SEEDS = 2**32

_LANGUAGE_OF = {"typescriptreact": "tsx", "javascriptreact": "javascript", "c++": "cpp", "golang": "go"}


@dataclass(frozen=True, slots=True)
class Drawing:
    """How the text is chosen. temperature 0: the likeliest."""

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0


def read_drawing(fields: Fields, draw_seed: Callable[[int], int] = secrets.randbelow) -> Drawing:
    """temperature, top_k, top_p and seed, under the names that all protocols give them.

    Without a seed samples differ each time; draw_seed: gives a number below its argument.
    """
    temperature = fields.number("temperature", 0.0, 0, 2)
    top_k = fields.whole("top_k", 0)
    top_p = fields.number("top_p", 1.0, 0, 1)
    seed = fields.whole("seed", -1)
    if temperature <= NEARLY_GREEDY:
        return Drawing()
    chosen = draw_seed(SEEDS) if seed < 0 else seed % SEEDS
    return Drawing(temperature, min(max(top_k, 0), LONGEST_TOP_K), max(top_p, LEAST_TOP_P), chosen)


def read_stops(fields: Fields, name: str = "stop") -> tuple[str, ...]:
    """The stop strings, each once; empty ones say nothing."""
    return tuple(dict.fromkeys(filter(None, fields.texts(name, MAX_STOPS))))


def read_most(fields: Fields, name: str, default: int) -> int:
    """How many tokens are wanted at most. A negative number, as in Ollama and llama.cpp, is all that there may be."""
    most = fields.whole(name, default)
    return MAX_TOKENS if most < 0 else min(most, MAX_TOKENS)


def request_for(
    gap: Gap,
    max_tokens: int,
    stop: tuple[str, ...] = (),
    drawing: Drawing | None = None,
    ways: int = 1,
    language: str = "",
) -> PredictionRequest | None:
    """The request to fill a gap; None if nothing stands before it, so that nothing can be gone on from.

    ways: how many alternatives are wanted. Raises RequestError.
    """
    if not gap.prefix.strip() and not any(text.strip() for text in gap.others):
        return None
    drawing = drawing or Drawing()
    # A single line is best chosen among several. A longer text is better had at once.
    beams = LINE_BEAMS if "\n" in stop and not drawing.temperature else 1
    return PredictionRequest(
        gap.prefix,
        nearest(gap.others),
        max_tokens=max_tokens,
        beams=min(max(beams, ways), MAX_BEAMS),
        stop=stop,
        language=language or None,
        temperature=drawing.temperature,
        top_k=drawing.top_k,
        top_p=drawing.top_p,
        seed=drawing.seed,
        suffix=gap.suffix,
    )


def read_prompt(text: str, suffix: str = "") -> Gap:
    """A prompt and what stands behind it; marks inside the prompt count unless a suffix is given beside it."""
    return Gap(text, suffix) if suffix else read_gap(text)


def shortened(gap: Gap) -> tuple[Gap, bool]:
    """The gap with texts no longer than are read, the nearest to the cursor kept; and whether any was cut."""
    cut = max(len(gap.prefix), len(gap.suffix)) > MAX_TEXT_CHARACTERS
    return Gap(gap.prefix[-MAX_TEXT_CHARACTERS:], gap.suffix[:MAX_TEXT_CHARACTERS], gap.others), cut


def nearest(texts: Sequence[str]) -> tuple[str, ...]:
    """The last texts that fit into what is read of other files; the one that does not fit gives its end."""
    kept: list[str] = []
    left = CONTEXT_CHARACTERS
    for text in reversed(texts):
        if left <= 0:
            break
        if text.strip():
            kept.append(text[-left:].rstrip("\n"))
            left -= len(kept[-1])
    return tuple(reversed(kept))


def language_of(name: str) -> str:
    """The language under our name for it, empty if it is not one of ours: then it is told from the code."""
    name = _LANGUAGE_OF.get(name.lower(), name.lower())
    return name if name in LANGUAGES else ""
