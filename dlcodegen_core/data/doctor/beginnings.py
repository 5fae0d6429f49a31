"""Beginnings of our own, by language, that may make a target sound whose real beginning was cut off.

The most useful come first. None may let everything pass, as the beginning of a comment or of a macro would.
"""

_PYTHON_STARTS = (
    "x(", "x = {", "x = [", "(x ", "(x", "[x ", "def x(", "if x(", "if (x ", "with x(", "for x in x(", "(x if x ",
    "[x for x in x ", "def x() ", "x[", "x = {x", "class x(", "with (", "from x import (", "(lambda ", "raise x(",
    "assert x(", "return (", "while x(", "except (", "for x in {", "for x in [", "if x in {", "if x in [",
)  # fmt: skip
_BRACE_STARTS = (
    "class X {", "x = {", "x(", "switch (x) {", "if (x) {", "x = [", "(x ", "(x", "if (x) {} ", "if (", "x = x ? x ",
    "try {", "do {", "for (", "x ", "x = x", "x",
)  # fmt: skip
_SCRIPT_STARTS = (
    "x({", "function x(", "x = (", "x = {x: ", "import {", "export {", "x = class {", "try {} ", "function x() {",
    "const {", "class X { x(", "class X extends ", "export const x: ",
)  # fmt: skip
_TYPE_STARTS = ("type X = {", "interface X {", "type X = X ", "type X = X<", "enum X {", "declare ")
ELEMENT_STARTS = ("x = <a>", "x = <a>{", "x = <a ")
_C_STARTS = (
    "#if X\n", "X x[] = {", "struct X {", "enum X {", "void x(", "int x ", "static ", "void x() {", "X x = {", "void ",
)  # fmt: skip
STARTS = {
    "python": _PYTHON_STARTS,
    "javascript": (*_BRACE_STARTS, *_SCRIPT_STARTS, *ELEMENT_STARTS),
    "typescript": (*_BRACE_STARTS, *_SCRIPT_STARTS, *_TYPE_STARTS),
    "tsx": (*_BRACE_STARTS, *_SCRIPT_STARTS, *_TYPE_STARTS, *ELEMENT_STARTS),
    "java": (
        *_BRACE_STARTS, "class X { void x(", "enum X {", "try {} ", "class X ", "@X(", "void x() ", "class X { X x ",
        "interface X {", "switch (x) { case X:",
    ),
    "go": (
        *_BRACE_STARTS, "import (", "const (", "var (", "type (", "type X struct {", "type X interface {", "func x(",
        "func (", "x := X{", "switch {", "select {", "func x() {", "x := []X{", "x := func(",
    ),
    "rust": (
        *_BRACE_STARTS, "use x::{", "struct X {", "enum X {", "fn x(", "impl X {", "trait X {", "match x {", "let x = ",
        "let X {", "fn x() {", "fn x() where ", "let x = X {", "fn x() -> X where ", "x(|",
    ),
    "c": (*_C_STARTS, *_BRACE_STARTS),
    "cpp": (
        *_C_STARTS, *_BRACE_STARTS, "template <", "namespace x {", "X::X() : ", "X::X() ", "class X : ", "x<",
        "try {} ", "class X { public:",
    ),
}  # fmt: skip

LANGUAGES = tuple(STARTS)
