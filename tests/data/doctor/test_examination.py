"""A whole dataset examined: faults planted among real pairs are found, and the others are left alone."""

import functools
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from dlcodegen_core.data.demo import standard_library_pairs
from dlcodegen_core.data.doctor import CHECKS, DoctorOptions, Examination, examine
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.split import split_pairs
from dlcodegen_core.errors import ConfigError

LIBRARY = standard_library_pairs()
FEW, SOME = LIBRARY[:300], LIBRARY[:700]
FIRST_ID = 1_000
PASSWORD = "".join(random.Random(3).sample(string.ascii_letters + string.digits, 20)) + "7q"


def examined(pairs: list[Pair], **options: float) -> Examination:
    return examine(enumerate(pairs, start=FIRST_ID), DoctorOptions(**options))  # type: ignore[arg-type]


def flagged(examination: Examination, check: str) -> list[int]:
    return [flag.row_id - FIRST_ID for flag in examination.flags if flag.check == check]


def test_the_standard_library_is_ready_to_train() -> None:
    examination = examined(LIBRARY)
    assert examination.ready
    assert examination.verdict == "Ready to train: 2,000 pairs."
    assert sum(finding.count for finding in examination.findings if finding.check.severity != "tells") <= 10
    assert examination.held_out_count == len(split_pairs(LIBRARY, 0.15, 0)[1])


LONG = "total = " + "first_of(names) + " * 6 + "rest"
PLANTED: dict[str, Callable[[Pair], Pair]] = {
    "secret": lambda pair: replace(pair, target=f'password = "{PASSWORD}"'),
    "email_address": lambda pair: replace(pair, prompt=f"# jane.doe@work-place.org\n{pair.prompt}"),
    "syntax": lambda pair: replace(pair, prompt="x = 1\ny = 2\nz = 3\n", target="x = ) y ("),
    "wrong_encoding": lambda pair: replace(pair, target="name = 'cafÃ©'"),
    "target_in_prompt": lambda pair: replace(pair, prompt=f"x = 1\n{LONG}\n", target=LONG),
    "too_long": lambda pair: replace(pair, target=f"names = [{'name, ' * 1_000}]"),
    "trivial_target": lambda pair: replace(pair, prompt="x = [\n    y,\n", target="]"),
}  # fmt: skip


@pytest.mark.parametrize("check", PLANTED)
def test_a_planted_fault_is_found_and_only_there(check: str) -> None:
    pairs = list(FEW)
    places = [50, 150, 250]
    for place in places:
        pairs[place] = PLANTED[check](pairs[place])
    assert [place for place in flagged(examined(pairs), check) if place not in flagged(examined(FEW), check)] == places


def test_exact_copies_are_flagged_and_the_first_is_not() -> None:
    copy = replace(FEW[10], source=FEW[0].source, line=None)
    examination = examined([*FEW, FEW[20], copy])
    assert flagged(examination, "exact_duplicate") == [300, 301]
    assert [flag.detail for flag in examination.flags if flag.check == "exact_duplicate"] == [
        "the same as row 1020",
        "the same as row 1010",
    ]


def test_one_prompt_with_different_targets_is_told_and_has_no_fix() -> None:
    examination = examined([*FEW, replace(FEW[5], target="something_else()")])
    (finding,) = [finding for finding in examination.findings if finding.check.key == "contradiction"]
    assert {5, 300} <= set(flagged(examination, "contradiction"))
    assert finding.fixable == 0
    assert examination.ready


@functools.cache
def vendored() -> list[Pair]:
    """Some of the library, and a copy of each training pair of one file that ends up held out."""
    for name in string.ascii_letters:
        source = SOME[split_pairs(SOME, 0.15, 0)[0][0]].source
        added = [replace(pair, source=f"vendored/{name}.py") for pair in SOME if pair.source == source]
        held_out = split_pairs([*SOME, *added], 0.15, 0)[1]
        if held_out[-1] >= len(SOME):
            return [*SOME, *added]
    raise AssertionError("no name makes the copies held out")


def test_held_out_copies_of_training_pairs_are_flagged_and_not_what_they_copy() -> None:
    pairs = vendored()
    examination = examined(pairs)
    leaks = flagged(examination, "leakage")
    assert leaks == list(range(len(SOME), len(pairs)))
    assert set(leaks) <= set(flagged(examination, "exact_duplicate"))
    assert examined(pairs, leakage_at_most=0.5).ready
    assert not examined(pairs, leakage_at_most=0).ready


@pytest.mark.parametrize("check", ["leakage", "exact_duplicate", "secret", "near_duplicate"])
def test_after_a_fix_its_check_finds_nothing_more(check: str) -> None:
    resembling = [replace(pair, prompt=pair.prompt.replace("\n", "\n  "), source="other.py") for pair in FEW[:20]]
    pairs = [*vendored(), *resembling, replace(FEW[0], target=f'password = "{PASSWORD}"')]
    taken = {flag.row_id - FIRST_ID for flag in examined(pairs).flags if flag.check == check and flag.fix}
    assert taken
    assert flagged(examined([pair for place, pair in enumerate(pairs) if place not in taken]), check) == []


def test_secrets_stand_in_the_way() -> None:
    pairs = [*FEW[:-1], replace(FEW[-1], target=f'password = "{PASSWORD}"')]
    assert examined(pairs).verdict == "Not ready: 1 pair holds a secret. Move it to the trash first."
    pairs[0] = replace(FEW[0], prompt=f'password = "{PASSWORD}"\n{FEW[0].prompt}')
    assert examined(pairs).verdict == "Not ready: 2 pairs hold secrets. Move them to the trash first."
    assert not examined(pairs).ready


def test_what_does_not_stand_in_the_way_is_told() -> None:
    pairs = [PLANTED["email_address"](pair) for pair in FEW[:2]] + FEW[2:]
    assert examined(pairs).verdict == "Ready to train, but 2 pairs hold e-mail addresses."
    pairs[5] = PLANTED["wrong_encoding"](pairs[5])
    told = "Ready to train, but 2 pairs hold e-mail addresses and 1 holds garbled characters."
    assert examined(pairs).verdict == told
    pairs[6] = PLANTED["syntax"](pairs[6])
    told = "Ready to train, but 2 pairs hold e-mail addresses, 1 holds garbled characters and 1 more kind of fault"
    assert examined(pairs).verdict.startswith(told)


def test_no_secret_is_told() -> None:
    examination = examined([replace(FEW[0], target=f'password = "{PASSWORD}"'), *FEW[1:]])
    assert PASSWORD not in repr(examination)


def test_without_pairs_nothing_is_ready() -> None:
    examination = examined([])
    assert examination.verdict == "Not ready: there is not a single pair. Add some first."
    assert not examination.ready
    assert [finding.count for finding in examination.findings] == [0] * len(CHECKS)


def test_too_few_files_to_hold_out_are_remarked() -> None:
    (remark,) = examined(FEW[:20]).remarks
    assert remark.startswith("Nothing can be held out to measure the model with")
    assert examined(FEW[:20], held_out=0).remarks == ()


def test_what_was_not_looked_at_is_noted() -> None:
    broken = [Pair(f"x = {number}\n", "x = ) y (", "python") for number in range(50)]
    examination = examined(broken, near_duplicates_at_most=20, unsound_at_most=10)
    notes = {finding.check.key: finding.note for finding in examination.findings}
    assert notes["syntax"].startswith("10 pairs of 50 were parsed. So many of them were not sound")
    assert notes["near_duplicate"].endswith("of 50 were compared; exact copies were looked for in all.")
    assert notes["secret"] == ""


def test_a_language_that_is_not_the_right_one_is_suspected() -> None:
    (remark,) = examined([replace(pair, language="java") for pair in LIBRARY[::40]]).remarks
    assert remark.endswith("Is the language the right one?")
    assert examined(FEW).remarks == ()


def test_rows_may_come_as_a_stream() -> None:
    def stream() -> Iterator[tuple[int, Pair]]:
        yield from enumerate(FEW, start=FIRST_ID)

    assert examine(stream()) == examine(list(enumerate(FEW, start=FIRST_ID)))


def test_progress_goes_up_and_may_stop_it() -> None:
    heard: list[float] = []
    examine(list(enumerate(FEW)), progress=lambda _doing, share: heard.append(share))
    assert heard == sorted(heard)
    assert 0 <= heard[0] <= heard[-1] <= 1

    def stop(doing: str, share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        examine(list(enumerate(FEW)), progress=stop)


def test_options_out_of_range_are_all_listed() -> None:
    with pytest.raises(ConfigError, match=r"held_out is 2, use 0 to 1; longest_prompt is 0, use at least 1\.$"):
        DoctorOptions(held_out=2, longest_prompt=0)
    with pytest.raises(ConfigError, match="near_duplicate_similarity is 0"):
        DoctorOptions(near_duplicate_similarity=0)


def test_keys_are_unique_and_every_fix_says_what_it_does() -> None:
    assert len({check.key for check in CHECKS}) == len(CHECKS)
    assert all(check.fix_label or check.key == "contradiction" for check in CHECKS)
