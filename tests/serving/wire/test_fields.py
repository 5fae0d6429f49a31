"""Fields of a JSON body: read as what they should be, or refused by their names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.errors import RequestError
from dlcodegen_core.serving.wire.fields import Fields

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
READERS = {
    "text": lambda fields: fields.text("x"),
    "name": lambda fields: fields.name("x"),
    "flag": lambda fields: fields.flag("x"),
    "whole": lambda fields: fields.whole("x", 1),
    "number": lambda fields: fields.number("x", 1.0),
    "texts": lambda fields: fields.texts("x", 3),
    "inner": lambda fields: fields.inner("x"),
    "list_of_objects": lambda fields: fields.list_of_objects("x", 3),
}


@given(JSON, st.sampled_from(sorted(READERS)))
def test_any_value_is_read_or_refused_by_name(value: object, reader: str) -> None:
    try:
        READERS[reader](Fields({"x": value}))
    except RequestError as exc:
        assert str(exc).startswith("x ")
        assert str(exc).isprintable()


@pytest.mark.parametrize("reader", sorted(READERS))
def test_null_counts_as_left_out(reader: str) -> None:
    left_out, null = READERS[reader](Fields({})), READERS[reader](Fields({"x": None}))
    assert type(left_out) is type(null)
    assert isinstance(left_out, Fields) or left_out == null


@pytest.mark.parametrize("value", [40, 40.0])
def test_a_whole_number_may_come_as_a_float(value: float) -> None:
    assert repr(Fields({"x": value}).whole("x", 0)) == "40"


@pytest.mark.parametrize("value", [True, "3", 2.5, float("nan"), float("inf"), 10**400, [], 0, 10])
def test_what_is_no_number_of_the_range_is_refused_with_the_range(value: object) -> None:
    for read in (Fields({"n": value}).whole, Fields({"n": value}).number):
        if value == 2.5 and read.__name__ == "number":
            continue
        with pytest.raises(RequestError, match=r"n is .* from 1 to 9\."):
            read("n", 1, 1, 9)


def test_an_error_within_an_object_names_the_whole_path() -> None:
    with pytest.raises(RequestError, match=r"options\.seed is 'x'"):
        Fields({"options": {"seed": "x"}}).inner("options").whole("seed", 0)
    with pytest.raises(RequestError, match=r"input_extra\[1\]\.text is 3"):
        Fields({"input_extra": [{}, {"text": 3}]}).list_of_objects("input_extra", 9)[1].text("text")


def test_a_long_value_is_told_short() -> None:
    with pytest.raises(RequestError) as told:
        Fields({"x": {"deep": [["a" * 5000] * 100] * 100}}).text("x")
    assert len(str(told.value)) < 300


def test_a_string_is_a_list_of_one_and_too_many_are_refused() -> None:
    assert Fields({"stop": "\n"}).texts("stop", 4) == ("\n",)
    assert Fields({"stop": ["a", "b"]}).texts("stop", 4) == ("a", "b")
    with pytest.raises(RequestError, match=r"stop has 5 entries\. Use at most 4"):
        Fields({"stop": ["a"] * 5}).texts("stop", 4)
