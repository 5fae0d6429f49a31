"""Finds what must not be learned from code: keys, tokens, passwords, and people's e-mail addresses.

Two questions are answered here. `holds_secret` knows the forms that no text has by chance and nothing else; the base
model's corpus was cleaned with it, so it stays as it is. `secrets_in` asks more: it knows further services, passwords
assigned in code and passwords in addresses, and it lets pass what only stands in for a secret, such as `changeme`.
Neither can know a password in plain words. Nothing that is told of a secret holds more than its first characters.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

MASK = "name@example.com"
CHARACTERS_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Secret:
    """What sort of secret was found, and where it stands in the text."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Form:
    """How the secrets of one service look. signs: one of them stands in each; to look for them first is far faster."""

    kind: str
    signs: tuple[str, ...]
    pattern: str


_KNOWN = (
    _Form("private key", ("-----BEGIN",), r"-----BEGIN [A-Z ]*(?:PRIVATE KEY|CERTIFICATE)"),
    _Form("AWS access key", ("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    _Form(
        "GitHub token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{22,}",
    ),
    _Form("Slack token", ("xox",), r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    _Form("Stripe key", ("k_live_", "k_test_"), r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    _Form("service key", ("sk-",), r"\bsk-[A-Za-z0-9_-]{32,}"),
    _Form("Google key", ("AIza",), r"\bAIza[A-Za-z0-9_-]{35}"),
    _Form("npm token", ("npm_",), r"\bnpm_[A-Za-z0-9]{36}"),
    _Form("PyPI token", ("pypi-",), r"\bpypi-[A-Za-z0-9_-]{40,}"),
    _Form("JSON web token", ("eyJ",), r"\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}"),
)
_FURTHER = (
    _Form("GitLab token", ("glpat-",), r"\bglpat-[A-Za-z0-9_-]{20,}"),
    _Form("Hugging Face token", ("hf_",), r"\bhf_[A-Za-z0-9]{34,}\b"),
    _Form("Google token", ("ya29.", "GOCSPX-"), r"\bya29\.[A-Za-z0-9_-]{30,}|\bGOCSPX-[A-Za-z0-9_-]{24,}"),
    _Form("Slack address", ("hooks.slack.com/",), r"hooks\.slack\.com/services/T\w{6,}/B\w{6,}/[A-Za-z0-9]{20,}"),
    _Form("SendGrid key", ("SG.",), r"\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{40,}"),
    _Form("DigitalOcean token", ("dop_v1_",), r"\bdop_v1_[a-f0-9]{64}"),
    _Form("Shopify token", ("shpat_", "shpss_"), r"\bshp(?:at|ss)_[a-fA-F0-9]{32}"),
    _Form("Docker token", ("dckr_pat_",), r"\bdckr_pat_[A-Za-z0-9_-]{20,}"),
    _Form("Databricks token", ("dapi",), r"\bdapi[a-f0-9]{32}\b"),
    _Form("Telegram token", (":AA",), r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b"),
    _Form("Azure key", ("AccountKey=",), r"\bAccountKey=[A-Za-z0-9+/]{80,}={0,2}"),
    _Form("age key", ("AGE-SECRET-KEY-",), r"\bAGE-SECRET-KEY-1[0-9A-Z]{50,}"),
)
_SIGNS = tuple(sign for form in _KNOWN for sign in form.signs)
_SECRETS = re.compile("|".join(form.pattern for form in _KNOWN))
# A certificate is public, and the first line alone is what programs look for that read keys.
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[nr]|[\"'+#*]|//)*[A-Za-z0-9+/=\s]{40,}"
)
_FORMS = tuple(
    (form.kind, form.signs, _PRIVATE_KEY if form.kind == "private key" else re.compile(form.pattern))
    for form in (*_KNOWN, *_FURTHER)
)

# Every name of a secret holds one of these in lower case.
_NAME_SIGNS = ("pass", "pwd", "secret", "token", "key", "credential")
# name = "value", "name": "value", name := `value`, name: type = "value", names["name"] = "value", #define NAME "value"
_ASSIGNED = re.compile(
    r"""(?ix) (?P<name> passwo?r?d | passwd | passphrase | pwd | secret | token | credential
        | (?:api|access|auth|private|signing|encryption)_?key ) \w{0,16}
    ["'`]? (?: \s{0,4} \]? (?: \s{0,4} :\s{0,2} [\w&<>\[\]?|\x20.]{1,30} )? \s{0,4} (?: := | => | [:=] ) \s{0,4}
        | \x20{1,8} )
    (?:[bru]|&)? (?P<quote>["'`]) (?P<value> [^\s"'`]{8,200} ) (?P=quote)"""
)
_PUBLIC = re.compile(r"(?i)public[\w.-]{0,20}$")
_BEARER = re.compile(r"\bBearer (?P<value>[A-Za-z0-9._~+/-]{20,}=*)")
_IN_ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@\"'<>{}$%]{1,60}:(?P<value>[^\s/@\"'<>]{6,100})@[\w.-]{2,}"
)
# What people write where a secret would stand.
_STAND_IN = re.compile(
    r"""(?ix) example|sample|dummy|fake|mock|test|demo|changeme|change[-_]?(?:me|this|it)|placeholder|replace|redacted
    | your|\bmy|todo|fixme|insert|enter|s[e3]cr[e3]t|passw|p[a4@]ss|token|api[-_]?key|default|invalid|wrong|foo|bar
    | qwerty|letmein|hunter2|admin|abcdef|abc123|12345|98765|00000|11111|xxx|\*\*\*|\.\.\.|deadbeef|hello|nothing|none
    | null|user|name|string|value|correct|incorrect|random|unused|not[-_ ]a
    """
)
_STANDS_IN_KEY = re.compile(
    r"(?i)example|sample|dummy|fake|placeholder|redacted|your|xxxx|12345678|abcdefgh|00000|\.\.\."
)
_WORD = re.compile(r"[A-Za-z]+\d{0,4}|\d{1,4}")
_BETWEEN_WORDS = re.compile(r"[-_.:/,;@#=+~!&]+")
_TEMPLATE = re.compile(r"[<>{}\[\]()|\\^]|\$\w|%[(sdr]|\$\{")
_SHORTEST_RANDOM = 16
_LEAST_BITS = 3.0  # of entropy by character; hexadecimal digits have about 3.5, words about 2.8
_LEAST_KEY_BITS = 2.8

# Only under well-known ends, so that `left@right.shape` stays a product of matrices.
_ADDRESS = re.compile(
    r"\b[A-Za-z0-9][\w.+-]*@(?!example\.)(?:[A-Za-z0-9-]+\.)+"
    r"(?:com|org|net|edu|gov|io|dev|info|me|ai|co|uk|de|fr|nl|it|es|pl|ru|cn|jp|br|ch|se|no|dk|fi|cz|at|au|ca|in|eu|us)\b"
)
_NOBODY = re.compile(
    r"(?i)^(?:git|hg|svn|no-?reply|do-?not-?reply|nobody)@"  # `git@` is a login of servers
    r"|@(?:[\w-]+\.)*(?:example|domain|yourdomain|mydomain|test|localhost|host|company|email|foo|bar|somewhere)\.\w+$"
)


def holds_secret(text: str) -> bool:
    """Whether a key, certificate or token in one of the best-known forms stands in the text."""
    return any(sign in text for sign in _SIGNS) and _SECRETS.search(text) is not None


def secrets_in(text: str) -> Iterator[Secret]:
    """Keys, tokens and passwords in the text, without those that only stand in for one."""
    for kind, signs, pattern in _FORMS:
        if any(sign in text for sign in signs):
            for match in pattern.finditer(text):
                if not _is_made_up_key(match[0]):
                    yield Secret(kind, match.start(), match.end())
    lowered = text.lower()
    if any(sign in lowered for sign in _NAME_SIGNS):
        for match in _ASSIGNED.finditer(text):
            is_public = _PUBLIC.search(text, max(0, match.start() - 30), match.start())
            if _is_password(match["value"], match["name"]) and not is_public:
                yield Secret(f"{_named(match['name'])} written out in the code", *match.span("value"))
    if "Bearer " in text:
        for match in _BEARER.finditer(text):
            if _is_password(match["value"], "token"):
                yield Secret("token in a request header", *match.span("value"))
    if "://" in text:
        for match in _IN_ADDRESS.finditer(text):
            if not _TEMPLATE.search(match["value"]) and _is_varied(match["value"]):
                yield Secret("password in an address", *match.span("value"))


def addresses_in(text: str) -> list[str]:
    """People's e-mail addresses in the text, in order; those of nobody (example.com, git@…, noreply@…) do not count."""
    if "@" not in text:
        return []
    return [match[0] for match in _ADDRESS.finditer(text) if not _NOBODY.search(match[0])]


def without_addresses(text: str) -> str:
    """The text with each e-mail address replaced by one of nobody."""
    # what stood behind an address may be one only now: a@b.com@c.com
    while (masked := _ADDRESS.sub(MASK, text)) != text:
        text = masked
    return text


def shown(secret: str) -> str:
    """As much of a secret as may be told: enough to find it, too little to use it."""
    return f"{secret[:CHARACTERS_SHOWN]}…" if len(secret) >= 2 * CHARACTERS_SHOWN else "…"


def _named(name: str) -> str:
    return "password" if re.search(r"(?i)pass|pwd", name) else "secret"


def _is_made_up_key(key: str) -> bool:
    return _STANDS_IN_KEY.search(key) is not None or _bits(key) < _LEAST_KEY_BITS


def _is_password(value: str, name: str) -> bool:
    """Whether a text in quotes is a password or key rather than a word, a template, a path or a stand-in."""
    if _TEMPLATE.search(value) or not _is_varied(value):
        return False
    if _named(name) == "password":
        return True
    return len(value) >= _SHORTEST_RANDOM and _bits(value) >= _LEAST_BITS


def _is_varied(value: str) -> bool:
    """Whether letters meet digits or signs in a way that words, names, versions and paths do not have."""
    if _STAND_IN.search(value) or value.isalpha() or "://" in value:
        return False
    sorts = [any(map(sort, value)) for sort in (str.islower, str.isupper, str.isdigit)]
    if not sorts[2] or not (sorts[0] or sorts[1]):
        return False
    wordy = all(map(_WORD.fullmatch, filter(None, _BETWEEN_WORDS.split(value))))
    # Summer2024! is made of a word and a number, and yet nobody names a thing like that
    return not wordy or (all(sorts) and not _BETWEEN_WORDS.split(value)[-1])


def _bits(text: str) -> float:
    """Entropy of the characters, in bits by character."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())
