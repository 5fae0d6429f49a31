"""Stories to read, save and show, with a text of one's choice in every place that text can stand."""

from dlcodegen_core.evaluation.line_metrics import Interval
from dlcodegen_core.story.story import (
    Correction,
    Curves,
    Example,
    Explained,
    Figures,
    NearPair,
    Origin,
    OriginToken,
    Push,
    Repeated,
    ReportFigures,
    ReportRow,
    Score,
    Story,
    StoryAnswer,
    StoryModel,
)

HOSTILE = "<img src=x onerror=alert(1)>"


def story_saying(text: str = "return total", kind: str = "sequence") -> Story:
    """A story of two examples, the second of them a mistake that was corrected."""
    before = StoryAnswer(text, 0.01, False, 20.0, {text: 1.5})
    after = StoryAnswer(text, 0.5, True, 100.0, {"reading": 8.0, "decode": 12.5})
    wrong = StoryAnswer(text, None, False, 30.0, {"decode": 2.0}, cached=True)
    explained = Explained(
        origins=(Origin(text, "counts", (text,)), Origin(text, "network", ())),
        tokens=(OriginToken(text, 0.25, "counts", 0.75, 4),),
        repeated=Repeated(text, 60, text, 3),
        token=text,
        probability=0.5,
        baseline=text,
        baseline_probability=0.1,
        groups=(Push(text, 0.5), Push("Syntax", -0.25)),
        dimensions=(Push(text, 0.125, 1.0),),
        near=(NearPair(text, text, text, 0.875),),
        near_note=text,
        note=text,
    )
    interval = Interval(0.25, 0.1, 0.4)
    points = Interval(25.0, 10.0, 40.0)
    row = ReportRow(text, True, interval, points, 12.0)
    return Story(
        made_at="2026-01-02T03:04:05+00:00",
        model=StoryModel("v1", text, kind, text, "2026-01-01T00:00:00+00:00", 20.0, 1000, 100, "v0"),  # type: ignore[arg-type]
        untrained=text,
        figures=Figures(
            40, 8, True, Score(Interval(0.0, 0.0, 0.0), points, None), Score(interval, points, 12.0), Interval(5, 1, 9)
        ),
        examples=(
            Example("helped", text, 12, "python", text, text, before, after, explained),
            Example("mistake", "", None, None, text, text, before, wrong, Explained()),
        ),
        curves=Curves("epoch", (1.0, 2.0), (2.0, 1.0), (2.5, None), (0.5, 0.75), (None, None)),
        report=ReportFigures("2026-01-02T00:00:00+00:00", 40, 8, (row, ReportRow("other", False, None, None, None))),
        report_note=text,
        correction=Correction(1, text, after, 38, 39),
        correction_note=text,
    )
