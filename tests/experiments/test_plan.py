"""Which tests can be run."""

import pytest

from dlcodegen_core.errors import ExperimentError
from dlcodegen_core.experiments.plan import check_plan
from dlcodegen_core.experiments.records import Arm

TWO = (Arm("v1"), Arm("v2"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"arms": TWO[:1]}, "compares two"),
        ({"arms": (Arm("v1"), Arm("v1"))}, "two different versions"),
        ({"arms": (Arm("v1"), Arm("production"))}, "Aliases may move"),
        ({"arms": (Arm("v1"), Arm(""))}, "such as v3"),
        ({"shadow": "candidate"}, "Aliases may move"),
        ({"shadow": "v2"}, "is an arm of the test already"),
        ({"arms": (Arm("v1", 0.7), Arm("v2", 0.7))}, "add up to 1"),
        ({"arms": (Arm("v1", 0.99), Arm("v2", 0.01))}, "at least 0.05"),
        ({"arms": (Arm("v1", float("nan")), Arm("v2", 0.5))}, "add up to 1"),
        ({"measure": "liked"}, "Use one of: accepted, kept, similarity"),
        ({"alpha": 0.5}, "from 0.001 to 0.2"),
        ({"name": "x" * 81}, "at most 80 characters"),
        ({"name": "two\nlines"}, "in one line"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_in_words(change, told):
    plan = {"name": "a test", "arms": TWO, "shadow": "v3", "measure": "accepted", "alpha": 0.05, **change}
    with pytest.raises(ExperimentError, match=told):
        check_plan(**plan)


def test_a_sound_plan_passes():
    check_plan("a test", TWO, "", "kept", 0.05)
