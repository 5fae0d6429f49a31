"""The ten syntax statistics of a code snippet, dims [534:544] of the feature vector.

Counts come from tokens, not from a parse tree, so half-typed code is welcome and no language need be known. What
stands in strings and comments does not count. Counts are squashed as log1p; the length is min(characters / 1000, 1).

What tokens alone cannot tell: the `=` of a keyword argument looks like an assignment, and a method declared without
keyword or type (`render() {`) looks like a call. Knows nothing of embeddings, models or files.
"""

import math
import re
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.features.parsing import tail

SYNTAX_NAMES: tuple[str, ...] = (
    "normalised length",
    "imports",
    "async/await",
    "conditionals",
    "loops",
    "returns",
    "calls",
    "assignments",
    "property access",
    "index access",
)
FULL_LENGTH = 1000

# Strings and comments. An unclosed one is taken to its end as well, so no text is read twice.
_LITERAL = re.compile(
    r"""
    (?P<string>
        \"{3} (?:[^"\\]|\\.|"(?!""))*+ (?:\"{3})?
      | '{3} (?:[^'\\]|\\.|'(?!''))*+ (?:'{3})?
      | " (?:[^"\\\n]|\\.)*+ "?
      | (?<![&<]) ' (?:[^'\\\n]|\\.)*+ '?               # behind & or < it is a lifetime of Rust
      | ` (?:[^`\\]|\\.)*+ `?
      | (?<=\#include) [ ]* <[^>\n]*+ >?
    )
  | /\* (?:[^*]|\*(?!/))*+ (?:\*/)?
  | (?<!:)                                              # an address has a colon there
    (?! (?: (?<=[\w)\]]) | (?<=[\w)\]][ ]) ) // (?: = | [ ]?[\w.]++[ ]*+[-+*/%<>=)\],:] ) )   # a // b of Python
    // [^\n]*+
  | (?<!\.) \# (?! !?\[ | " | [ \t]*include[ \t]*[<"])  # not a private field, attribute, raw string or C include
    [^\n]*+
    """,
    re.VERBOSE | re.DOTALL,
)

_KEYWORD = re.compile(
    r"""
    (?<![\w$])
    (?: (?P<awaits> async | await | co_await )
      | (?<!\.)
        (?: (?P<imports>
                import | require (?=\() | \#[ \t]*+include | use (?= [ \t]+ (?: \w+ (?: :: | ; | \Z ) | :: | \{ ) )
            )
          | (?P<conditionals>
                if | elif | switch | select (?=[ \t]*\{)
              | match (?= [ \t]+ (?! (?:of|in|is|and|or|if|else|not|as|for)\b ) [\w&*"\[] )
            )
          | (?P<loops> for | while | loop (?=[ \t]*\{) )
          | (?P<returns> return | co_return )
          | impl\b [^\n{;]*+                            # the `for` of `impl Trait for Type` is no loop
        )
    )
    (?![\w$])
    """,
    re.VERBOSE,
)

# A name before a parenthesis, behind a dot or another word. A method's head in Go is passed over.
_CALL = re.compile(
    r"""
    (?<![\w$]) func [ \t]*+ \( [^()\n]*+ \) [ \t]*+ \w++
  | (?: (?P<dot>\.) | (?<![\w$]) (?: (?P<before>[^\W\d][\w$]*+) [ \t]++ )? )
    (?P<name>(?!\d)[\w$]++) !? [ \t]*+ \(
    """,
    re.VERBOSE,
)
_NEVER_CALLED = re.compile(
    "and|as|assert|async|await|case|catch|def|elif|else|except|fn|for|from|func|function|if|import|in|is|lambda|match|"
    "new|not|of|or|raise|return|select|switch|synchronized|throw|typeof|until|while|with|yield"
)
# Behind any other word a name is being declared: `def f(`, `int f(`, `async load(`.
_BEFORE_AN_EXPRESSION = re.compile(
    "and|assert|await|case|co_await|co_return|default|defer|del|delete|do|elif|else|except|from|go|if|in|instanceof|is|"
    "lambda|match|move|new|not|of|or|raise|return|then|throw|typeof|unless|until|while|with|yield"
)

_ASSIGNMENT = re.compile(r"(?<![=!<>.~])=(?![=>~])|(?:<<|>>)=(?!=)")
_PROPERTY = re.compile(
    r"""
    (?<=[\w)\]}"!?]) \??\. (?=[^\W\d]|[$#]|\Z)
  | ^[ \t]*+ \??\. (?=[^\W\d]|[$#]|\Z)                  # a chain goes on in the next line
  | (?<=[\w)\]]) -> (?=[^\W\d]|\Z)
    """,
    re.VERBOSE | re.MULTILINE,
)
_INDEX = re.compile(r"""(?<=[\w)\]"])\[(?!\])|(?<=\?\.)\[""")


def syntax_features(text: str) -> NDArray[np.float32]:
    """The ten statistics of any text, shape (10,), all finite, counted in its last 20,000 characters."""
    code = _LITERAL.sub(_without_content, tail(text))
    keywords = Counter(match.lastgroup for match in _KEYWORD.finditer(code))
    counts = (
        keywords["imports"],
        keywords["awaits"],
        keywords["conditionals"],
        keywords["loops"],
        keywords["returns"],
        sum(map(_is_call, _CALL.finditer(code))),
        len(_ASSIGNMENT.findall(code)),
        len(_PROPERTY.findall(code)),
        len(_INDEX.findall(code)),
    )
    return np.array((min(len(text) / FULL_LENGTH, 1.0), *map(math.log1p, counts)), np.float32)


def _without_content(literal: re.Match[str]) -> str:
    # an empty string stays, for `"".join(` is a property access and a call
    return '""' if literal.lastgroup else " "


def _is_call(match: re.Match[str]) -> bool:
    dot, before, name = match.group("dot", "before", "name")
    if dot or not name:
        return bool(name)
    return not _NEVER_CALLED.fullmatch(name) and (not before or bool(_BEFORE_AN_EXPRESSION.fullmatch(before)))
