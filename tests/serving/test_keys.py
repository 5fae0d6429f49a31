"""Keys: one or several by name, told apart, never repeated; and no start without one where others could ask."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from dlcodegen_core.errors import ConfigError
from dlcodegen_core.serving.keys import ApiKeys, check_binding


def test_one_bare_key_is_the_default_one() -> None:
    keys = ApiKeys.parse("s3cret-key")
    assert keys.name_of("s3cret-key") == "default"
    assert keys.name_of("s3cret-kez") is None
    assert keys.name_of("") is None


def test_several_keys_are_told_by_their_names() -> None:
    keys = ApiKeys.parse("laptop:one, ci:two:with:colons ,three")
    assert [keys.name_of(key) for key in ("one", "two:with:colons", "three")] == ["laptop", "ci", "key-3"]


@pytest.mark.parametrize("text", ["", " ", ","])
def test_no_key_is_no_keys(text: str) -> None:
    assert not ApiKeys.parse(text)


@pytest.mark.parametrize(
    "text", [":s3cret", "a b:s3cret", "one:", "one:s3cret,one:s3cret2", "one:s3 cret", "one:s3crét"]
)
def test_a_key_that_cannot_be_used_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ConfigError, match="DLCODEGEN_API_KEY") as caught:
        ApiKeys.parse(text)
    assert "s3cr" not in str(caught.value)


def test_keys_never_show_themselves() -> None:
    assert "s3cret" not in repr(ApiKeys.parse("laptop:s3cret"))


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"authorization": "Bearer one"}, "laptop"),
        ({"Authorization": "bearer  one "}, "laptop"),
        ({"x-api-key": "two"}, "ci"),
        ({"authorization": "Bearer unused", "x-api-key": "two"}, "ci"),
        ({"authorization": "Basic one"}, None),
        ({"authorization": "one"}, None),
        ({"x-api-key": ""}, None),
        ({}, None),
    ],
)
def test_a_key_is_shown_as_a_bearer_token_or_as_x_api_key(headers: dict[str, str], name: str | None) -> None:
    assert ApiKeys.parse("laptop:one,ci:two").admit(Headers(headers)) == name


@given(st.text(max_size=80))
def test_no_other_text_is_a_key(text: str) -> None:
    keys = ApiKeys.parse("laptop:a-long-key-that-nobody-guesses")
    assert keys.name_of(text) is None
    try:
        ApiKeys.parse(text)
    except ConfigError as exc:
        assert "DLCODEGEN_API_KEY" in str(exc)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]"])
def test_this_machine_alone_needs_no_key(host: str) -> None:
    check_binding(host, ApiKeys())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", None, "192.168.1.5", "workbench.example.org"])
def test_a_server_that_others_reach_needs_a_key(host: str | None) -> None:
    with pytest.raises(ConfigError, match=r"Set DLCODEGEN_API_KEY.*or listen on 127\.0\.0\.1"):
        check_binding(host, ApiKeys())
    check_binding(host, ApiKeys.parse("key"))
