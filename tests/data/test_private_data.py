"""Keys, passwords and addresses in code. Whatever looks like a secret here is drawn at random when the tests run."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.data.private_data import MASK, addresses_in, holds_secret, secrets_in, shown, without_addresses

LETTERS_AND_DIGITS = string.ascii_letters + string.digits
HEXADECIMAL = "0123456789abcdef"


def drawn(count: int, alphabet: str = LETTERS_AND_DIGITS) -> str:
    """Random characters, the same in each run; among them a digit where the alphabet has digits."""
    draw = random.Random(count)
    return "".join(draw.choice(alphabet) for _ in range(count - 1)) + alphabet[-1]


BEGIN = "-----BEGIN " + "RSA PRIVATE" + " KEY-----"
KNOWN = {
    "AWS access key": "AKIA" + drawn(16, string.ascii_uppercase + string.digits),
    "GitHub token": "ghp" + "_" + drawn(36),
    "Slack token": "xox" + "b-" + drawn(24),
    "Stripe key": "sk" + "_live_" + drawn(24),
    "service key": "sk" + "-" + drawn(48),
    "Google key": "AI" + "za" + drawn(35),
    "npm token": "npm" + "_" + drawn(36),
    "PyPI token": "py" + "pi-" + drawn(60),
    "JSON web token": "ey" + "J" + drawn(30) + ".ey" + "J" + drawn(60),
    "private key": BEGIN + "\n" + drawn(64) + "\n" + drawn(63),
}
FURTHER = {
    "GitLab token": "gl" + "pat-" + drawn(20),
    "Hugging Face token": "h" + "f_" + drawn(34),
    "Slack address": "https://hooks.slack" + ".com/services/T" + drawn(9) + "/B" + drawn(10) + "/" + drawn(24),
    "SendGrid key": "S" + "G." + drawn(22) + "." + drawn(43),
    "DigitalOcean token": "dop" + "_v1_" + drawn(64, HEXADECIMAL),
    "Telegram token": drawn(10, string.digits) + ":A" + "A" + drawn(33),
    "Azure key": "Account" + "Key=" + drawn(86) + "==",
}


def kinds(text: str) -> list[str]:
    return [secret.kind for secret in secrets_in(text)]


@pytest.mark.parametrize("kind", [*KNOWN, *FURTHER])
def test_a_key_in_a_known_form_is_found_where_it_stands(kind: str) -> None:
    key = (KNOWN | FURTHER)[kind]
    text = f"# settings\nx = '''{key}'''\n"
    found = next(secret for secret in secrets_in(text) if secret.kind == kind)
    assert key.startswith(text[found.start : found.end]) or text[found.start : found.end] in key


@pytest.mark.parametrize("kind", KNOWN)
def test_the_best_known_forms_alone_decide_what_the_base_model_learns_from(kind: str) -> None:
    assert holds_secret(f"x = '{KNOWN[kind]}'")
    assert not any(holds_secret(f"x = '{key}'") for key in FURTHER.values())


@pytest.mark.parametrize(
    "code",
    [
        'password = "{}"',
        "'PASSWORD': '{}',",
        'connect(user="app", passwd="{}")',
        'os.environ["DB_PASSWORD"] = "{}"',
        "const apiKey = `{}`;",
        'private static final String API_KEY = "{}";',
        'let secret: &str = "{}";',
        'token := "{}"',
        '"client_secret": "{}"',
        '#define ACCESS_KEY "{}"',
        'authToken: string = "{}"',
        '"Authorization": "Bearer {}"',
        "postgres://app:{}@db.internal/orders",
    ],
)
def test_a_password_written_out_in_code_is_found(code: str) -> None:
    text = code.format(drawn(24))
    (found,) = secrets_in(text)
    assert text[found.start : found.end] == drawn(24)


@pytest.mark.parametrize("password", ["Winter2024!", "k7Fq9zLw", "t4-9Gq2_xv"])
def test_a_short_password_is_found_if_letters_and_digits_mix_as_in_no_name(password: str) -> None:
    assert kinds(f'pwd = "{password}"') == ["password written out in the code"]


@pytest.mark.parametrize(
    "code",
    [
        'password = "changeme"',
        'password = os.environ["DB_PASSWORD"]',
        'password = getpass.getpass("Password: ")',
        'token = "<your token>"',
        'API_KEY = "YOUR_API_KEY_1234567890"',
        'password = "${DB_PASSWORD}"',
        'secret = f"{user}-{number}"',
        'token = "test-token-123"',
        'passwd = "s3cret!!"',
        'password="pbkdf2_sha256"',
        'token_url = "https://a.org/oauth2/token"',
        'secret_name = "projects/12/secrets/v1"',
        'token_type = "urn:ietf:params:oauth:token-type:jwt"',
        'private_key = "id_rsa_2048.pem"',
        'TOKEN = "[a-z0-9]{32}"',
        'csrftoken = "csrfmiddlewaretoken"',
        'publicKeyToken="1fc8b3b9a1e18e3b"',
        "http://user:password@host.com/",
        'if text.startswith("' + BEGIN + '"):',
        'key = "AKIA' + 'IOSFODNN7EXAMPLE"',
        'api_key = "sk-' + "x" * 40 + '"',
    ],
)
def test_what_only_stands_in_for_a_secret_passes(code: str) -> None:
    assert kinds(code) == []


def test_no_more_than_the_beginning_of_a_secret_is_told() -> None:
    assert shown("k7Fq9zLw2") == "k7Fq…"
    assert shown("k7Fq9") == "…"


def test_addresses_of_people_are_found_and_those_of_nobody_are_not() -> None:
    text = "jane.doe@work-place.org, git@github.com, noreply@a.com, x@example.com, user@domain.com, left@right.shape"
    assert addresses_in(text) == ["jane.doe@work-place.org"]


def test_an_address_is_replaced_and_a_product_of_matrices_is_not() -> None:
    assert without_addresses("ask jane@work.org\ny = left@right.shape") == f"ask {MASK}\ny = left@right.shape"


NEARLY_PRIVATE = st.text("ab@.-c:/=\"' \n") | st.lists(
    st.sampled_from(
        ["a@b.com", "@c.org", "example.com", "password", '="', '"', "sk-", "://", ":", "-----BEGIN ", "x1Y"]
    )
).map("".join)


@given(st.text() | NEARLY_PRIVATE)
def test_masking_leaves_no_address_and_a_second_time_changes_nothing(text: str) -> None:
    masked = without_addresses(text)
    assert addresses_in(masked) == []
    assert without_addresses(masked) == masked


@given(st.text() | NEARLY_PRIVATE)
def test_any_text_can_be_searched_and_what_is_found_lies_inside(text: str) -> None:
    assert all(0 <= found.start < found.end <= len(text) for found in secrets_in(text))
    holds_secret(text)


def test_a_long_text_without_an_end_is_searched_in_time() -> None:
    for piece in ("password", 'token="', "a@", "eyJ", "x://y:", "-----BEGIN A"):
        assert kinds(piece * (100_000 // len(piece))) == []
