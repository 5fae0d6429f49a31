"""Whether a dataset is ready to train, in one line that says what stands in the way. Counts only; knows no pair."""

from collections.abc import Sequence

from dlcodegen_core.data.doctor.checks import (
    CONTRADICTION,
    EXACT_DUPLICATE,
    LEAKAGE,
    NEAR_DUPLICATE,
    DoctorOptions,
    Finding,
)

TOLD = 2  # findings by name in a verdict; the rest is counted


def verdict(
    findings: Sequence[Finding], pair_count: int, held_out_count: int, options: DoctorOptions
) -> tuple[str, bool]:
    """The verdict, and whether the dataset is ready."""
    if not pair_count:
        return "Not ready: there is not a single pair. Add some first.", False
    found = [finding for finding in findings if finding.count]
    stopping = [finding for finding in found if _stops(finding, held_out_count, options)]
    if stopping:
        them = "it" if sum(finding.count for finding in stopping) == 1 else "them"
        return f"Not ready: {_listed(stopping)}. Move {them} to the trash first.", False
    warning = [finding for finding in found if _warns(finding, pair_count, options)]
    if warning:
        return f"Ready to train, but {_listed(warning)}.", True
    return f"Ready to train: {pairs(pair_count)}.", True


def pairs(count: int) -> str:
    return "1 pair" if count == 1 else f"{count:,} pairs"


def _stops(finding: Finding, held_out_count: int, options: DoctorOptions) -> bool:
    if finding.check.key == LEAKAGE:
        return finding.count > options.leakage_at_most * held_out_count
    return finding.check.severity == "stops"


def _warns(finding: Finding, pair_count: int, options: DoctorOptions) -> bool:
    if finding.check.key == CONTRADICTION:
        return finding.count > options.contradictions_at_most * pair_count
    if finding.check.key in (EXACT_DUPLICATE, NEAR_DUPLICATE):  # a few are in every project
        return finding.count > options.duplicates_at_most * pair_count
    return finding.check.severity == "warns"


def _listed(findings: Sequence[Finding]) -> str:
    told = [
        f"{pairs(finding.count) if not number else f'{finding.count:,}'} "
        f"{finding.check.one if finding.count == 1 else finding.check.many}"
        for number, finding in enumerate(findings[:TOLD])
    ]
    more = len(findings) - TOLD
    if more > 0:
        told.append("1 more kind of fault was found" if more == 1 else f"{more} more kinds of faults were found")
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
