"""Under which names a server is asked, and from which pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.serving.hosts import KnownHosts, host_name


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8501", "localhost", "LOCALHOST:1", "[::1]:8600", "localhost.", "a.localhost"]
)
def test_this_machines_own_names_are_always_known(host: str) -> None:
    assert KnownHosts().answers_to(host)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8501", "", "0.0.0.0:8501", "a@127.0.0.1", "[::1",
     "127.0.0.1:x", "127.0.0.1/x", "127.0.0.1 evil", "localhost:8501:1"],
)  # fmt: skip
def test_other_names_are_not(host: str) -> None:
    assert not KnownHosts().answers_to(host)


def test_names_can_be_allowed_and_all_below_one_as_well() -> None:
    hosts = KnownHosts(("workbench.example.org", "*.lab.example.org", "[fd00::5]"))
    assert all(map(hosts.answers_to, ("Workbench.example.org:80", "a.b.lab.example.org", "[fd00::5]:8600")))
    assert not any(
        map(hosts.answers_to, ("example.org", "lab.example.org", "evillab.example.org", "x.workbench.example.org"))
    )


def test_a_page_of_a_known_host_or_of_an_allowed_origin_may_ask() -> None:
    hosts = KnownHosts(("workbench.example.org",), ("vscode-webview://abc", "https://tools.example.org"))
    allowed = (
        "http://127.0.0.1:3000",
        "https://workbench.example.org",
        "vscode-webview://abc",
        "https://tools.example.org",
    )
    assert all(map(hosts.lets_in, allowed))
    refused = (
        "null",
        "https://evil.example",
        "http://tools.example.org",
        "file://",
        "vscode-webview://abd",
        "",
        "http://[",
    )
    assert not any(map(hosts.lets_in, refused))


@given(st.text())
def test_any_text_names_a_host_or_none(text: str) -> None:
    name = host_name(text)
    assert name is None or name
    assert KnownHosts().lets_in(text) in (True, False)
