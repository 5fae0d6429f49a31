"""What is said of versions, as values: aliases move, are remembered, and go back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.errors import ModelError
from dlcodegen_core.registry.labels import Labels
from dlcodegen_core.registry.register import MOMENTS_KEPT, Register

AT = "2026-01-01T00:00:00+00:00"


def _all_there(_version: str) -> bool:
    return True


def test_rolling_back_goes_one_step_each_time_and_ends_where_nothing_was_production() -> None:
    register = Register().promoted("v1", AT).promoted("v2", AT).promoted("v1", AT)
    seen = []
    for _step in range(3):
        register = register.rolled_back(AT, _all_there)
        seen.append(register.production)
    assert seen == ["v2", "v1", ""]
    with pytest.raises(ModelError, match="There is no earlier production version"):
        register.rolled_back(AT, _all_there)


def test_rolling_back_passes_over_what_is_gone() -> None:
    register = Register().promoted("v1", AT).promoted("v2", AT).promoted("v3", AT)
    assert register.rolled_back(AT, lambda version: version != "v2").production == "v1"


def test_a_promoted_candidate_is_the_candidate_no_more() -> None:
    register = Register().promoted("v1", AT).with_candidate("v2", AT).promoted("v2", AT)
    assert (register.production, register.candidate) == ("v2", "")


def test_production_cannot_be_the_candidate() -> None:
    with pytest.raises(ModelError, match="v1 is production already"):
        Register().promoted("v1", AT).with_candidate("v1", AT)
    register = Register().promoted("v1", AT).promoted("v2", AT).with_candidate("v1", AT)
    rolled = register.rolled_back(AT, _all_there)
    assert (rolled.production, rolled.candidate) == ("v1", "")


def test_the_same_again_is_no_move() -> None:
    register = Register().promoted("v1", AT).with_candidate("v2", AT)
    assert register.promoted("v1", AT) is register
    assert register.with_candidate("v2", AT) is register
    assert Register().cleared("candidate", AT) == Register()


def test_taking_production_away_can_be_rolled_back() -> None:
    register = Register().promoted("v1", AT).cleared("production", AT)
    assert register.production == ""
    assert register.rolled_back(AT, _all_there).production == "v1"


def test_every_move_is_remembered_up_to_a_bound() -> None:
    register = Register()
    for number in range(1, MOMENTS_KEPT + 3):
        register = register.promoted(f"v{number}", AT)
    assert len(register.history) == MOMENTS_KEPT
    assert (register.history[-1].version, register.history[-1].before) == (f"v{number}", f"v{number - 1}")


_MOVES = st.lists(
    st.tuples(st.sampled_from(["promote", "candidate", "back", "clear", "label", "delete"]), st.integers(1, 4)),
    max_size=30,
)


@given(_MOVES)
def test_whatever_happens_no_version_has_both_aliases_and_all_of_it_is_read_back(moves: list[tuple[str, int]]) -> None:
    register = Register()
    for move, number in moves:
        version = f"v{number}"
        try:
            register = {
                "promote": lambda r=register, v=version: r.promoted(v, AT),
                "candidate": lambda r=register, v=version: r.with_candidate(v, AT),
                "back": lambda r=register: r.rolled_back(AT, _all_there),
                "clear": lambda r=register: r.cleared("production", AT),
                "label": lambda r=register, v=version: r.labelled(v, Labels("é", "n", ("t",))),
                "delete": lambda r=register, v=version: r.deleted(v, AT),
            }[move]()
        except ModelError:
            continue
        assert not register.production or register.production != register.candidate
        assert Register.from_json(register.to_json()) == register


@pytest.mark.parametrize(
    "changes",
    [{"format": 2}, {"production": "../v1"}, {"earlier": ["/etc"]}, {"history": [[1]]}, {"labels": {"v1": 3}}],
)
def test_a_register_of_another_form_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Register.from_json({**Register().to_json(), **changes})
