"""Who may see the pages, where DLCODEGEN_SIGN_IN has people sign in with a provider of their own (OpenID Connect).

Whatever is missing or unclear keeps everybody out. Knows nothing of programs: these show keys, see `serving.keys`.
"""

from dataclasses import dataclass
from enum import Enum
from importlib.util import find_spec

import streamlit as st

from dlcodegen_core.config import ServingSettings

PROVIDER = "auth"  # the section of Streamlit's secrets


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever looks at the pages. is_known: whether there is a provider that could know them."""

    is_known: bool
    is_signed_in: bool = False
    email: str = ""
    email_is_verified: bool = False


class Verdict(Enum):
    """What a visitor gets to see."""

    COME_IN = "the pages"
    SIGN_IN = "a button to sign in"
    NOT_INVITED = "that this address is not on the list"
    NOT_SET_UP = "that there is no provider"


def judge(settings: ServingSettings, visitor: Visitor) -> Verdict:
    """Whether a visitor may come in. An address that the provider did not check is none."""
    if not settings.sign_in:
        return Verdict.COME_IN
    if not visitor.is_known:
        return Verdict.NOT_SET_UP
    if not visitor.is_signed_in:
        return Verdict.SIGN_IN
    invited = visitor.email_is_verified and visitor.email.lower() in settings.sign_in_emails
    return Verdict.COME_IN if invited or not settings.sign_in_emails else Verdict.NOT_INVITED


def verdict_now() -> Verdict:
    """What the visitor of this very run gets to see."""
    settings = ServingSettings.from_environment()
    return judge(settings, visitor()) if settings.sign_in else Verdict.COME_IN


def ask() -> None:
    """Let a visitor pass, or show them how to sign in and end the page there."""
    verdict = verdict_now()
    if verdict is Verdict.COME_IN:
        return
    st.title("Sign in")
    if verdict is Verdict.NOT_SET_UP:
        st.error(
            "This workbench asks people to sign in, but has no provider to ask. Whoever runs it: add an "
            "\\[auth\\] section to .streamlit/secrets.toml, and install Authlib; docs/security.md tells how.",
            icon=":material/lock:",
        )
    elif verdict is Verdict.SIGN_IN:
        st.write("This workbench is for people who sign in. You will come back here afterwards.")
        st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)
    else:
        told = "You are signed in, but your address is not on the list of this workbench, or was not verified."
        st.warning(f"{told} Ask whoever runs it to add it to DLCODEGEN\\_SIGN\\_IN\\_EMAILS.", icon=":material/lock:")
        st.button("Sign out", icon=":material/logout:", on_click=st.logout)
    st.stop()


def sign_out_button() -> None:
    """A way out again, where people signed in."""
    if ServingSettings.from_environment().sign_in:
        st.button("Sign out", icon=":material/logout:", type="tertiary", on_click=st.logout, key="frame.sign_out")


def visitor() -> Visitor:
    """Who it is, as Streamlit read it from the signed cookie."""
    user = st.user.to_dict()
    if "is_logged_in" not in user or find_spec("authlib") is None:
        return Visitor(is_known=False)
    # Only a yes is one: a provider that says nothing of it may let people claim any address.
    verified = user.get("email_verified") is True
    return Visitor(True, user["is_logged_in"] is True, str(user.get("email") or ""), verified)
