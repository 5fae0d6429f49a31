"""Whether a target can be right where it stands: whether some code around it makes it sound syntax.

A prompt begins anywhere in a file and a target ends anywhere, so nearly every pair on its own is broken code. What is
asked is therefore whether the target is sound in *any* surroundings: after all of the prompt, after its last lines, or
after a beginning of our own, such as an open call for an argument; with what it leaves open closed. Only a target that
no surroundings make sound is told, and only if the prompt's own last lines are sound by the same measure: text in the
middle of a long comment is not judged. So what is told is broken, and what is subtly wrong passes.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from dlcodegen_core.data.doctor.beginnings import ELEMENT_STARTS, STARTS
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.syntax_trees import parse_bounded

# Tried from the end of the prompt: so many lines of it before the target's own line.
_LINES_BEFORE = (1, 2, 3, 5, 8, 12, 20)
# The part of a prompt that is read; what stands further away decides nothing here.
_PROMPT_CHARACTERS = 4_000
_LONGEST_TARGET = 4_000
_DEEPEST = 40  # brackets that may be left open or closed
_NESTED = 6  # brackets within which the other half of a condition is tried
_OWN_LINES = 3  # of a prompt, to see whether it can be judged at all

_ENDED_BY_SEMICOLON = ("c", "cpp", "java", "rust")

_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_OPENERS = {closer: opener for opener, closer in _CLOSERS.items()}
_IN_LINE = r'"(?:[^"\\\n]|\\.)*+"?|' + r"'(?:[^'\\\n]|\\.)*+'?"
_BLOCK_COMMENT = r"/\*(?:[^*]|\*(?!/))*+(?:\*/)?"
# Strings and comments, so that brackets in them do not count, and the brackets.
_MARKS = {
    "python": re.compile(
        r'#[^\n]*|"""(?:[^"\\]|\\.|"(?!""))*+(?:""")?|'
        + r"'''(?:[^'\\]|\\.|'(?!''))*+(?:''')?|"
        + _IN_LINE
        + r"|[()[\]{}]",
        re.DOTALL,
    ),
    "rust": re.compile(
        rf"""//[^\n]*|{_BLOCK_COMMENT}|"(?:[^"\\]|\\.)*+"?|'(?:\\[^\n']++|[^'\\\n])'|[()[\]{{}}]""", re.DOTALL
    ),
}
_BRACE_MARKS = re.compile(rf"//[^\n]*|{_BLOCK_COMMENT}|`(?:[^`\\]|\\.)*+`?|{_IN_LINE}|[()[\]{{}}]", re.DOTALL)
_FOLLOWERS = ("else", "elif ", "except", "finally", "case ")
_CLOSURES = {
    "javascript": "(function () {",
    "typescript": "(function () {",
    "tsx": "(function () {",
    "java": "(() -> {",
    "go": "(func() {",
    "rust": "(|| {",
    "cpp": "([] {",
}
_LITERALS_OVER_LINES = (('"""', '"""'), ("'''", "'''"), ("/*", "*/"), ("`", "`"))
# Macros that stand before a name or behind a declaration, which no grammar can know: CLASS_API, __device__.
_MACROS = re.compile(
    r"\b__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)|\b(?:__\w+__|[A-Z][A-Z0-9]*_[A-Z0-9_]+)\b(?=\s+[A-Za-z_~])"
)
_HEADER = re.compile(
    r"^[ \t]*(?:if|elif|else|for|while|def|class|with|try|except|finally|async|match|case)\b", re.MULTILINE
)
# After a name, a number, a string or a closed bracket no further operand is wanted.
_ENDS_WHOLE = re.compile(r"[\w)\]}\"'`]$")
_ENDS_WITH_KEYWORD = re.compile(
    r"\b(?:and|or|not|in|is|if|else|for|return|lambda|import|from|as|await|yield|new|typeof|case|throw|assert|del|raise"
    r"|const|let|var|extends|of|async|static|pub|mut|func|fn)$"
)
_TRY = re.compile(r"([ \t]*)try[ \t]*:")


Judgement = Literal["sound", "broken", "unknown"]


def judge(pair: Pair) -> Judgement:
    """Whether any surroundings make the target sound code of its language; "unknown" if its prompt is no better.

    Where there is no grammar, and in comments and macros, nothing is wrong as far as can be seen: "sound".
    """
    language = pair.language
    if language not in STARTS or len(pair.target) > _LONGEST_TARGET or _is_no_code(pair):
        return "sound"
    if language in ("c", "cpp"):
        pair = replace(pair, prompt=_MACROS.sub("", pair.prompt), target=_MACROS.sub("", pair.target))
    prompt = pair.prompt[-_PROMPT_CHARACTERS:]
    suffix = pair.suffix or ""
    # a gap within a line is not closed by us but by what stands behind it
    rest = suffix.partition("\n")[0]
    if _is_sound(prompt, pair.target + rest, language) or (
        suffix and _is_clean(prompt + pair.target + suffix, language)
    ):
        return "sound"
    if "\n" in pair.target and ((around := _around(pair.target, _MARKS.get(language, _BRACE_MARKS))) and around[0]):
        return "unknown"  # it closes what was open and goes on: what that was may have been cut off
    lines = [line for line in prompt.split("\n")[:-1] if line.strip()][-_OWN_LINES:]
    # all of them as one piece: a line of prose may by chance be an expression, three are not
    return "broken" if not lines or _is_sound("", "\n".join(lines), language) else "unknown"


def _is_no_code(pair: Pair) -> bool:
    """Whether a target of the languages with braces may be what their grammars cannot tell out of its surroundings.

    That is: a line of a comment, of a macro, or of a template string whose beginnings may have been cut off.
    """
    if pair.language == "python":
        return False
    target = pair.target.lstrip()
    line_before, _, line = pair.prompt.rpartition("\n")
    return (
        target.startswith(("*", "#"))
        or ("*/" in target and "/*" not in target)
        or "${" in target
        or line.rfind("${") > line.rfind("}")
        or line_before.endswith("\\")
    )


def _is_sound(prompt: str, target: str, language: str) -> bool:
    """Whether some beginning and some end make the target sound."""
    return any(
        _is_clean(whole, language)
        for text in _begun(prompt.split("\n"), target, language)
        for whole in _completed(text, language)
    )


def _begun(lines: list[str], target: str, language: str) -> Iterator[str]:
    """The target after all lines, in its own line, after beginnings of our own, and after the last few lines."""
    whole = len(lines) - 1
    yield "\n".join(lines) + target
    yield lines[-1] + target
    text = lines[-1].lstrip() + target
    around = _around(text, _MARKS.get(language, _BRACE_MARKS))
    missing = around[0] if around else ""
    for start in STARTS[language]:
        # words would pass as the text or the attributes of an element
        if start in ELEMENT_STARTS and not (text.startswith(("<", "{", "}")) or (start.endswith(" ") and "=" in text)):
            continue
        # the outermost of what the text closes may be opened by the start, the others within it: `if (x ((`
        opens = missing and start.rstrip("x ").endswith(missing[0])
        yield f"{start}{missing[1:] if opens else ''}{text}"
    for count in _LINES_BEFORE:
        if count < whole:
            yield "\n".join(lines[whole - count :]) + target


def _is_clean(text: str, language: str) -> bool:
    tree = parse_bounded(text.encode("utf-8", "replace"), language)
    return tree is None or not tree.root_node.has_error


def _completed(text: str, language: str) -> Iterator[str]:
    """The text with what it closes opened before it and what it leaves open closed behind it, in several ways."""
    around = _around(text.rstrip().removesuffix("\\"), _MARKS.get(language, _BRACE_MARKS))
    if around is None:
        return
    before, text, after = around
    if len(before) + len(after) > _DEEPEST:
        return
    if language == "python":
        yield from _completed_python(before, text, after)
        return
    is_whole = _ENDS_WHOLE.search(text) and not _ENDS_WITH_KEYWORD.search(text)
    ends: tuple[str, ...] = ("", ";", " {}", ": x", " x {}") if is_whole else (" x", "", " x;", " x {}", " x: x")
    if language in _ENDED_BY_SEMICOLON:
        ends = (ends[1], ends[0], *ends[2:])
    if language in ("javascript", "tsx"):
        ends = (*ends, "</a>" if text.endswith(">") else " />")
    for end in ends:
        yield f"{before}{text}{end}{after}\n"
    if "({" in before:  # what was cut off began a function rather than an object: `x(function () {`
        before = before.replace("({", _CLOSURES.get(language, "(x, {"))
        yield f"{before}{text}{after}\n"
    if "?" in text:
        for place in range(1, min(len(after), _NESTED) + 1):
            yield f"{before}{text}{after[:place]}: x{after[place:]}\n"
    if "do" in text and after:
        yield f"{before}{text}{after} while (x);\n"
    if after:
        # a header whose block is still to come, `if (a &&`, or a declaration that ends with its block
        yield f"{before}{text}{'' if is_whole else ' x'}{after} {{}}\n"
        yield f"{before}{text}{after};\n"


def _completed_python(before: str, text: str, after: str) -> Iterator[str]:
    if not before:
        before = _headers(text)
    if _ENDS_WHOLE.search(text) and not _ENDS_WITH_KEYWORD.search(text):
        needs = (
            (" else x", "if " in text),
            (" in x", "for " in text),
            (": x", "}" in after),
            (" import x", "from " in text),
        )
        ends = ["", *(end for end, is_needed in needs if is_needed)]
    else:
        ends = [" x", "", " x in x", " x: x"]
    wholes = [f"{text}{end}{after}" for end in ends]
    if "if " in text:  # a condition that goes on behind a bracket: `(a if f(b,`
        wholes += [f"{text} x{after[:place]} else x{after[place:]}" for place in range(1, min(len(after), _NESTED))]
    takes_block = _HEADER.search(text) is not None
    for whole in wholes:
        yield f"{before}{whole}{_python_end(whole)}"
        if takes_block and not whole.endswith(":"):
            yield f"{before}{whole}: pass{_python_end(whole + ': pass')}"


def _around(text: str, marks: re.Pattern[str]) -> tuple[str, str, str] | None:
    """What must be opened before the text, the text without a comment at its end, and what must be closed behind it.

    None if the text breaks off in a string that cannot go on in the next line.
    """
    missing: list[str] = []
    open_brackets: list[str] = []
    literal = ""
    for match in marks.finditer(text):
        mark = match[0]
        if mark in _CLOSERS:
            open_brackets.append(mark)
        elif mark in _OPENERS:
            if open_brackets and open_brackets[-1] == _OPENERS[mark]:
                open_brackets.pop()
            elif not open_brackets:
                missing.append(_OPENERS[mark])
        elif match.end() == len(text):
            if mark.startswith(("#", "//")):
                text = text[: match.start()].rstrip()
                break
            end = _end_of_literal(mark)
            if end is None:
                return None
            literal = end
    closing = "".join(_CLOSERS[mark] for mark in reversed(open_brackets))
    return "".join(reversed(missing)), text + literal, closing


def _end_of_literal(literal: str) -> str | None:
    """What closes a string or comment that stands at the end of a text; None for an open string of one line."""
    for opener, closer in _LITERALS_OVER_LINES:
        if literal.startswith(opener):
            if literal.endswith(closer) and len(literal) >= len(opener) + len(closer):
                return ""
            return closer
    return "" if len(literal) > 1 and literal[-1] == literal[0] else None


def _headers(text: str) -> str:
    """The beginnings of the blocks that the text ends: lines further left than its first one need such a beginning."""
    levels: dict[int, str] = {}
    first = ""
    start = least = 0
    for line in text.split("\n"):
        code = line.lstrip()
        if code and not code.startswith("#"):
            indentation = len(line) - len(code)
            if not first:
                first, start = code, indentation
                least = start
            elif indentation < least:
                levels[indentation] = code
                least = indentation
    if least:
        levels[0] = "x"
    headers = "".join(_header(level, code) for level, code in sorted(levels.items()))
    if first.startswith(_FOLLOWERS):  # `else:` itself is the first line: a block of our own goes before it
        headers += f"{_header(start, first)}{' ' * start} pass\n"
    return headers


def _header(level: int, code: str) -> str:
    """A line that begins a block which `code` goes on with."""
    if code.startswith(("except", "finally")):
        return f"{' ' * level}try:\n"
    if code.startswith("case ") and level:
        return f"{' ' * (level - 1)}match x:\n{' ' * level}case _:\n"
    return f"{' ' * level}if x:\n"


def _python_end(text: str) -> str:
    """What the last line and the blocks of `try` still need."""
    last = text[text.rfind("\n") + 1 :]
    indentation = last[: len(last) - len(last.lstrip())]
    end = ""
    if last.rstrip().endswith(":"):
        end = f"\n{indentation} case _: pass" if last.lstrip().startswith("match ") else " pass"
    elif last.lstrip().startswith("@"):
        end = f"\n{indentation}def x(): pass"
    if "try" in text:
        open_blocks: list[str] = []
        for line in text.split("\n"):
            if not line.strip():
                continue
            while open_blocks and len(line) - len(line.lstrip()) <= len(open_blocks[-1]):
                open_blocks.pop()
            if match := _TRY.match(line):
                open_blocks.append(match[1])
        end += "".join(f"\n{block}finally: pass" for block in reversed(open_blocks))
    return end
