"""Addresses of repositories: few are allowed, and a password is never repeated."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.data.intake.git_address import checked_branch, git_address
from dlcodegen_core.errors import DatasetError


@pytest.mark.parametrize(
    ("address", "protocol"),
    [
        ("https://example.org/a/b.git", "https"),
        (" HTTPS://example.org/a ", "https"),
        ("http://localhost:8080/a", "http"),
        ("http://127.0.0.1/a", "http"),
        ("http://[::1]:9/a", "http"),
    ],
)
def test_https_and_http_of_this_machine_are_allowed(address: str, protocol: str) -> None:
    found = git_address(address)
    assert (found.url, found.protocol, found.folder) == (address.strip(), protocol, None)


def test_a_folder_is_allowed_as_a_path_and_as_an_address(tmp_path: Path) -> None:
    folder = tmp_path / "with space ü"
    folder.mkdir()
    for address in (str(folder), folder.as_uri()):
        found = git_address(address)
        assert (found.url, found.protocol, found.folder) == (folder.as_uri(), "file", folder)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("", "is empty"),
        ("--upload-pack=touch /tmp/x", "begins in a way that is not allowed"),
        ("-c", "begins in a way"),
        ("ext::sh -c touch% /tmp/x", "begins in a way"),
        ("fd::7", "begins in a way"),
        ("ssh://example.org/a", "not fetched over ssh"),
        ("git@example.org:a/b.git", "not fetched over ssh"),
        ("example.org:a/b.git", "not fetched over ssh"),
        ("git://example.org/a", "not fetched over git"),
        ("ftp://example.org/a", "not fetched over ftp"),
        ("http://example.org/a", r"without encryption\. Begin the address with https://"),
        ("http://localhost.example.org/a", "without encryption"),
        ("https:///a", "names no server"),
        ("https://example.org:port/a", "cannot be understood"),
        ("https://[::1/a", "cannot be understood"),
        ("https://example.org/a\nb", "characters that no address has"),
        ("file://example.org/a", "names a place on this machine"),
        ("file:///no/such/place", r"there is no such repository\. Give an address"),
        ("no/such/place", "there is no such repository"),
    ],
)
def test_other_addresses_are_refused(address: str, told: str) -> None:
    with pytest.raises(DatasetError, match=told):
        git_address(address)


@pytest.mark.parametrize("user", ["me:secret", "secret", ":secret", "secret:"])
@pytest.mark.parametrize("scheme", ["https", "http", "ssh", "file"])
def test_a_password_is_refused_and_not_repeated(scheme: str, user: str) -> None:
    with pytest.raises(DatasetError) as caught:
        git_address(f"{scheme}://{user}@localhost/a")
    assert "secret" not in str(caught.value)


def test_what_follows_the_path_of_an_address_is_not_shown() -> None:
    assert git_address("https://example.org/a?token=secret#x").shown == "https://example.org/a"


@pytest.mark.parametrize("branch", ["main", "feature/x-1", "v1.0", "", " main "])
def test_usual_branches_are_allowed(branch: str) -> None:
    assert checked_branch(branch) == branch.strip()


@pytest.mark.parametrize("branch", ["-b", "--upload-pack=x", "a b", "a..b", "a~1", "a\nb", "a:b", "@{-1}", "x" * 300])
def test_a_branch_that_git_could_not_have_is_refused(branch: str) -> None:
    with pytest.raises(DatasetError, match=r"cannot be the name of a branch\. Give a name such as main"):
        checked_branch(branch)


@given(st.text() | st.text("https:/@-.[]?#a0 ").map(lambda rest: f"https://{rest}"))
def test_any_text_is_an_address_that_starts_nothing_or_is_refused(text: str) -> None:
    try:
        found = git_address(text)
    except DatasetError:
        return
    assert found.url.lower().startswith(("https://", "http://", "file:///"))
