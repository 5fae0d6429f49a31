"""The workbench's one visual language, chart by chart: the same colours and manners on every page."""

from pages._shared.charts.data import class_balance, header_histogram, point_map
from pages._shared.charts.explaining import feature_strip, pushes, tree
from pages._shared.charts.latency import latency_waterfall, stage_percentiles
from pages._shared.charts.quality import coverage, reliability
from pages._shared.charts.training import Axis, curve

__all__ = [
    "Axis",
    "class_balance",
    "coverage",
    "curve",
    "feature_strip",
    "header_histogram",
    "latency_waterfall",
    "point_map",
    "pushes",
    "reliability",
    "stage_percentiles",
    "tree",
]
