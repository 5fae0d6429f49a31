"""The workbench's one visual language, chart by chart: the same colours and manners on every page."""

from pages._shared.charts.comparing import Curve, best_so_far, overlaid_curves, parallel_coordinates
from pages._shared.charts.confidence import calibration
from pages._shared.charts.data import class_balance, header_histogram, point_map
from pages._shared.charts.drawing import version_colour
from pages._shared.charts.experiments import arms_with_limits, evidence
from pages._shared.charts.explaining import feature_strip, pushes, tree
from pages._shared.charts.feedback import outcome_shares, outcomes_by_day
from pages._shared.charts.latency import latency_waterfall, stage_percentiles
from pages._shared.charts.quality import coverage, reliability
from pages._shared.charts.story import before_and_after
from pages._shared.charts.training import Axis, curve

__all__ = [
    "Axis",
    "Curve",
    "arms_with_limits",
    "before_and_after",
    "best_so_far",
    "calibration",
    "class_balance",
    "coverage",
    "curve",
    "evidence",
    "feature_strip",
    "header_histogram",
    "latency_waterfall",
    "outcome_shares",
    "outcomes_by_day",
    "overlaid_curves",
    "parallel_coordinates",
    "point_map",
    "pushes",
    "reliability",
    "stage_percentiles",
    "tree",
    "version_colour",
]
