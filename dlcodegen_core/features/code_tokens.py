"""Code cut into tokens that keep their spacing, so that joining them gives the text back.

A token is a newline with the indentation after it, a run of spaces, a word, a number, an operator or a single
other character; spaces behind a token belong to it (`'async '`), because they are what a person would type next.
Not a lexer: strings and comments are cut into words like everything else, and half-typed code is welcome.
"""

import re

_TOKEN = re.compile(
    r"""
    \r?\n[ \t]*                                         # newline plus indentation: a line's block level
  | [ \t]+                                              # indentation at the very start
  | (?: [^\W\d]\w*                                      # word
      | \d[\w.]*                                        # number
      | \*\*=|//=|>>=|<<=|===|!==|\.\.\.|<=>|\?\?=      # operators, longest first
      | ==|!=|<=|>=|:=|->|=>|\+=|-=|\*=|/=|%=|&=|\|=|\^=|\+\+|--|&&|\|\||::|<<|>>|\*\*|//|\?\?|\?\.
      | [^\w\s]                                         # any other sign
      | [^ \t\n]                                        # stray control characters and odd spaces
    ) [ \t]*
    """,
    re.VERBOSE,
)
_WORD = re.compile(r"[^\W\d]\w+")


def split_tokens(text: str) -> list[str]:
    """Cut `text` into code tokens; `"".join(split_tokens(text)) == text` for every string."""
    return _TOKEN.findall(text)


def is_blank(token: str) -> bool:
    """Whether a token shows nothing on the page: spaces, or a newline with its indentation."""
    return not token.strip()


def words(text: str) -> list[str]:
    """The identifiers and keywords of two characters or more, in order."""
    return _WORD.findall(text)
