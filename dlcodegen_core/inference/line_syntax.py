"""Whether a completed line can be right: no bracket closed that was not open, no string broken, no ERROR in its tree.

A line may well leave things open for the lines after it; what it leaves open is closed here before it is parsed.
"""

from tree_sitter import Node, Parser

from dlcodegen_core.features.parsing import grammar, open_literal

LINES_BEFORE = 40
_PAIRS = {")": "(", "]": "[", "}": "{"}
_CLOSERS = {opener: closer for closer, opener in _PAIRS.items()}


def is_sound(prompt: str, completion: str, language: str) -> bool:
    """Whether the line that `prompt` breaks off in is syntactically possible with `completion`."""
    before = "\n".join(prompt.split("\n")[-LINES_BEFORE:])
    start = before.rfind("\n") + 1
    text = (before + completion).rstrip()
    if open_literal(text, language):
        return open_literal(before, language) is not None or text.endswith(('"""', "'''"))
    line_end = text.find("\n", len(before))
    text = text if line_end < 0 else text[:line_end]
    closed = text + _closing(text)
    if language == "python" and closed.endswith(":"):
        closed += " pass"
    tree = Parser(grammar(language)).parse(closed.encode())
    return not _has_error(tree.root_node, len(closed[:start].encode()), len(text.encode()))


def _closing(text: str) -> str:
    """The brackets that `text` leaves open, closed from the inside out; those inside strings are not looked for."""
    open_brackets: list[str] = []
    for character in text:
        if character in _CLOSERS:
            open_brackets.append(character)
        elif character in _PAIRS and open_brackets and open_brackets[-1] == _PAIRS[character]:
            open_brackets.pop()
    return "".join(_CLOSERS[character] for character in reversed(open_brackets))


def _has_error(node: Node, start: int, end: int) -> bool:
    """Whether an ERROR or a missing part begins within the bytes from start to before end."""
    if not node.has_error or node.end_byte < start or node.start_byte >= end:
        return False
    if (node.is_error or node.is_missing) and node.start_byte >= start:
        return True
    return any(_has_error(child, start, end) for child in node.children)
