"""Whether a test can be run as it is planned."""

from collections.abc import Sequence

from dlcodegen_core.errors import ExperimentError
from dlcodegen_core.experiments.records import MAX_NAME_CHARACTERS, MEASURES, Arm
from dlcodegen_core.registry.register import ALIASES

LEAST_SHARE = 0.05


def check_plan(name: str, arms: Sequence[Arm], shadow: str, measure: str, alpha: float) -> None:
    """Raise ExperimentError, saying what to change, if it cannot."""
    versions = [arm.version for arm in arms]
    if len(arms) != 2:
        raise ExperimentError(f"{len(arms)} versions were given. A test compares two; another can run as the shadow.")
    if versions[0] == versions[1]:
        raise ExperimentError(f"Both arms are {versions[0]}. Choose two different versions.")
    if not all(versions) or {*versions, shadow} & set(ALIASES):
        raise ExperimentError("An arm is a version such as v3. Aliases may move while the test runs; name the version.")
    if shadow in versions:
        raise ExperimentError(f"{shadow} is an arm of the test already. Choose another version as the shadow, or none.")
    whole = abs(sum(arm.share for arm in arms) - 1) < 1e-6
    if not whole or any(not LEAST_SHARE <= arm.share <= 1 - LEAST_SHARE for arm in arms):
        shares = " and ".join(f"{arm.share:.2f}" for arm in arms)
        raise ExperimentError(
            f"The shares of the traffic are {shares}. Give two that add up to 1, each at least {LEAST_SHARE}."
        )
    if measure not in MEASURES:
        raise ExperimentError(f"What counts as success is {measure!r}. Use one of: {', '.join(MEASURES)}.")
    if not 0.001 <= alpha <= 0.2:
        raise ExperimentError(f"alpha is {alpha}. Use a chance of error from 0.001 to 0.2, such as 0.05.")
    if len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise ExperimentError(f"A test's name has at most {MAX_NAME_CHARACTERS} characters, in one line.")
