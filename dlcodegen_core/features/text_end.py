"""What the end of a text stands in: which brackets and blocks are open there, and what came last.

Fed with the leaves of a syntax tree in order, so that it also understands what the parser gave up on. Knows no
counts; `ast_structure` turns what is found here into features.
"""

from typing import NamedTuple

from tree_sitter import Node

PARAMETER_LISTS = "parameters lambda_parameters formal_parameters inferred_parameters parameter_list closure_parameters"
_PARAMETER_KINDS = frozenset(PARAMETER_LISTS.split())

# What an open bracket or block is to the code in it.
FUNCTION, CLASS, CONTROL, BLOCK = "function", "class", "control block", "other block"
ARGUMENTS, PARAMETERS, BRACKETS = "call arguments", "parameter list", "other brackets"
_BLOCKS = frozenset((FUNCTION, CLASS, CONTROL, BLOCK))
# Two more things a statement's beginning can tell about the brace that follows it.
_CALLED, _ASSIGNED = "called", "assigned"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_KEYWORD_ROLES = (
    dict.fromkeys(_words("def function func fn"), FUNCTION)
    | dict.fromkeys(_words("class interface struct union trait impl enum"), CLASS)
    | dict.fromkeys(
        _words("if elif else for while do loop switch match case select try catch except finally with"), CONTROL
    )
)
_PYTHON_HEADERS = _words("def class if elif else for while try except finally with match case")
_CLOSERS = {")": "(", "]": "[", "}": "{"}
_OPENERS = {"(": "(", "[": "[", "{": "{", "${": "{"}
DOTS = _words(". ?. -> optional_chain")
ASSIGNMENT_SIGNS = _words("= := += -= *= /= //= %= **= |= &= ^= <<= >>= ??= ||= &&=")
_BEFORE_A_LITERAL = _words("= ( [ { , : ? return := += && || ??")
_ARGUMENT_LISTS = _words("arguments argument_list annotation_argument_list")
_CALLABLE = _words("identifier property_identifier field_identifier type_identifier super this ) ]")
_TYPES = _words("identifier type_identifier primitive_type integral_type floating_point_type boolean_type void_type")


class _Frame(NamedTuple):
    """A bracket, or the block of a Python header, that is open."""

    opener: str
    role: str
    header: str  # what the statement around it had told so far
    column: int = 0


class TextEnd:
    """What the text stands in, told from its tokens as they pass by in order.

    Trees fall apart where code is unfinished, tokens do not: brackets nest, and the beginning of a statement (its
    header) tells what the brace after it opens. Python's blocks are told by their headers' columns.
    """

    def __init__(self, code: bytes, language: str) -> None:
        self._code = code
        self._language = language
        self._header_ends = {"return", "=>"}
        if language != "go":  # there a semicolon stands inside a header
            self._header_ends.add(";")
        if language == "java":
            self._header_ends.add("->")
        self._frames: list[_Frame] = []
        self._open = dict.fromkeys(_CLOSERS.values(), 0)
        self._header = ""
        self._before_previous = ""
        self._colon_opened = False
        self.previous = ""
        self.deepest = 0
        self.half_typed_calls = 0
        self.half_typed_functions = 0  # those that no keyword announces

    def token(self, name: str, parent: str, in_error: bool, node: Node) -> None:
        """Take the next leaf: its kind's name, its parent's, and whether one of the two nodes above is an ERROR."""
        if name in _OPENERS:
            self._push(_OPENERS[name], self._role(name, parent, in_error))
        elif name in _CLOSERS:
            self._close(name)
        elif name in _KEYWORD_ROLES:
            role = _KEYWORD_ROLES[name]
            if self._header != CLASS or role != CONTROL:  # the `for` of `impl Trait for Type` changes nothing
                self._header = role
            if self._language == "python" and name in _PYTHON_HEADERS:
                self._python_header(name, role, node.start_byte)
        elif name == "=" and self._header in ("", _CALLED):
            self._header = _ASSIGNED
        elif name in self._header_ends:
            self._header = ""
        elif name == ":" and self._language == "python" and not self.bracket_open:
            self._colon_opened = self._header in _BLOCKS
            self._header = ""
        self._before_previous, self.previous = self.previous, name

    @property
    def bracket_open(self) -> bool:
        return bool(self._frames) and self._frames[-1].opener != ":"

    @property
    def block_opened(self) -> bool:
        """Whether the last token opened a block."""
        if self._language == "python":
            return self.previous == ":" and self._colon_opened and not self.bracket_open
        return self.previous == "{" and bool(self._frames) and self._frames[-1].role in _BLOCKS

    def open_roles(self, margin: int) -> list[str]:
        """What is open at the end, outermost first; `margin` is the width of the last line's indentation."""
        just_opened = len(self._frames) - 1 if self.block_opened else None
        return [
            frame.role
            for index, frame in enumerate(self._frames)
            if frame.opener != ":" or frame.column < margin or index == just_opened
        ]

    def _push(self, opener: str, role: str, column: int = 0) -> None:
        # a parameter list makes its statement a function, keyword or not
        header = FUNCTION if role == PARAMETERS and self._header != CLASS else self._header
        self._frames.append(_Frame(opener, role, header, column))
        self.deepest = max(self.deepest, len(self._frames))
        if opener != ":":
            self._open[opener] += 1
            self._header = ""

    def _pop(self) -> _Frame:
        frame = self._frames.pop()
        if frame.opener != ":":
            self._open[frame.opener] -= 1
        return frame

    def _close(self, closer: str) -> None:
        opener = _CLOSERS[closer]
        if not self._open[opener]:
            return
        frame = self._pop()
        while frame.opener != opener:
            frame = self._pop()
        self._header = "" if closer == "}" else frame.header
        if closer == ")" and not self._header:
            self._header = _CALLED

    def _python_header(self, name: str, role: str, start: int) -> None:
        before = self._code[self._code.rfind(b"\n", 0, start) + 1 : start]
        if before.strip() not in (b"", b"async"):
            return
        if name in ("def", "class"):  # never inside brackets, so those above were forgotten
            while self.bracket_open:
                self._pop()
        if not self.bracket_open:
            column = len(before) - len(before.lstrip())
            while self._frames and self._frames[-1].column >= column:
                self._pop()
            self._push(":", role, column)

    def _role(self, opener: str, parent: str, in_error: bool) -> str:
        if opener == "(":
            return self._role_of_parenthesis(parent, in_error)
        if opener == "{" and self._language != "python":
            return self._role_of_brace()
        return BRACKETS

    def _role_of_parenthesis(self, parent: str, in_error: bool) -> str:
        names_something = self.previous in _CALLABLE
        if parent in _PARAMETER_KINDS:
            self.half_typed_functions += in_error and names_something and self._header != FUNCTION
            return PARAMETERS
        if parent in _ARGUMENT_LISTS or (parent == "token_tree" and self.previous == "!"):
            return ARGUMENTS
        if parent != "ERROR":
            return BRACKETS
        if self._header == FUNCTION:
            return PARAMETERS
        if names_something and self._header != CLASS:
            in_class = bool(self._frames) and self._frames[-1].opener == "{" and self._frames[-1].role == CLASS
            if self._before_previous in _TYPES or (in_class and not self._header):
                self.half_typed_functions += 1
                return PARAMETERS
        elif self.previous != "!" or self._before_previous != "identifier":  # not a macro of Rust either
            return BRACKETS
        self.half_typed_calls += 1
        return ARGUMENTS

    def _role_of_brace(self) -> str:
        if self.previous in _BEFORE_A_LITERAL:
            return BRACKETS
        if self.previous == "=>" and self._language == "rust":  # an arm of a match
            return CONTROL
        if self.previous in ("=>", "->") or (self.previous == "|" and self._language == "rust"):
            return FUNCTION
        if self._header in _BLOCKS:
            return self._header
        return {_CALLED: FUNCTION, _ASSIGNED: BRACKETS}.get(self._header, BLOCK)
