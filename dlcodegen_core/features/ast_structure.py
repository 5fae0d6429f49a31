"""Fifty structure features from a real parse, dims [484:534] of the feature vector.

The first 35 describe the whole tree: how many of each construct, how deep, how flawed. The last 15 describe what the
end of the text stands in, because that is where a completion begins. Half-typed code mostly has no nodes yet, only
keywords inside an ERROR node, so a construct counts by its node, or by its keyword while it is unfinished. A string or
comment left open is taken off before the parse, lest its words be read as code.

Counts, depths and columns are squashed as log1p; flags and shares lie within 0..1. Knows nothing of the other groups.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.features.parsing import grammar, open_literal, parse, tail
from dlcodegen_core.features.text_end import (
    ARGUMENTS,
    ASSIGNMENT_SIGNS,
    BRACKETS,
    CLASS,
    CONTROL,
    DOTS,
    FUNCTION,
    PARAMETER_LISTS,
    PARAMETERS,
    TextEnd,
)


class _Construct(NamedTuple):
    """What counts as one construct in all nine grammars; `kind[c,cpp]` holds for these grammars only."""

    nodes: str
    half_typed: str = ""  # keywords that count while they stand in an ERROR node
    tokens: str = ""  # tokens that count while they stand in one of the nodes of `inside`
    inside: str = ""


_OPERATORS = "binary_operator binary_expression boolean_operator comparison_operator unary_expression not_operator"

_CONSTRUCTS = {
    "function/const declarations": _Construct(
        "function_definition[python] function_declarator[c,cpp] function_declaration function_expression function_item "
        "generator_function generator_function_declaration function_signature function_signature_item "
        "method_definition method_declaration method_signature abstract_method_signature constructor_declaration "
        "compact_constructor_declaration const_item const_declaration constant_declaration",
        "def function func fn const[javascript,typescript,tsx,go,rust]",
        tokens="const",
        inside="lexical_declaration",
    ),
    "class definitions": _Construct(
        "class_definition class_declaration abstract_class_declaration class interface_declaration "
        "record_declaration field_declaration_list[c,cpp] struct_type interface_type struct_item union_item trait_item "
        "impl_item",
        "class interface struct trait impl",
    ),
    "Python defs": _Construct("function_definition[python]", "def[python]"),
    "import statements": _Construct(
        "import_statement import_from_statement future_import_statement import_declaration use_declaration "
        "extern_crate_declaration preproc_include using_declaration[cpp]",
        "import use #include",
    ),
    "lambdas": _Construct(
        "lambda arrow_function lambda_expression func_literal closure_expression",
        "lambda =>[javascript,typescript,tsx]",
    ),
    "if branches": _Construct(
        "if_statement elif_clause if_clause if_expression conditional_expression ternary_expression preproc_if "
        "preproc_ifdef",
        "if elif",
    ),
    "else branches": _Construct("else_clause", "else", tokens="else", inside="if_statement"),
    "switches": _Construct(
        "match_statement match_expression switch_statement switch_expression expression_switch_statement "
        "type_switch_statement select_statement",
        "match switch select",
    ),
    "for loops": _Construct(
        "for_statement for_in_statement for_in_clause for_range_loop for_expression enhanced_for_statement",
        "for",
    ),
    "while loops": _Construct("while_statement while_expression do_statement loop_expression", "while loop"),
    "try blocks": _Construct("try_statement try_with_resources_statement try_block", "try"),
    "throws": _Construct("raise_statement throw_statement", "raise throw"),
    "return statements": _Construct("return_statement return_expression co_return_statement", "return"),
    "jumps": _Construct(
        "break_statement break_expression continue_statement continue_expression goto_statement",
        "break continue goto",
    ),
    "awaits and yields": _Construct(
        "await await_expression co_await_expression yield yield_expression yield_statement co_yield_statement "
        "go_statement",
        "await yield go async",
        tokens="async",
        inside="function_definition function_declaration function_expression arrow_function method_definition "
        "function_modifiers async_block for_statement with_statement",
    ),
    "decorators": _Construct("decorator annotation marker_annotation attribute_item inner_attribute_item", "@"),
    "call expressions": _Construct(
        "call call_expression method_invocation explicit_constructor_invocation new_expression "
        "object_creation_expression macro_invocation",
    ),
    "assignments and updates": _Construct(
        "assignment assignment_expression assignment_statement augmented_assignment "
        "augmented_assignment_expression compound_assignment_expr short_var_declaration named_expression "
        "let_declaration variable_declarator init_declarator var_spec const_spec update_expression inc_statement "
        "dec_statement",
        "= := += -= *= /=",
    ),
    "type names": _Construct(
        "type type_identifier primitive_type predefined_type integral_type floating_point_type boolean_type "
        "void_type sized_type_specifier",
    ),
    "property accesses": _Construct(
        "optional_chain",
        ". ?. ->[c,cpp]",
        tokens=". ->",
        inside="attribute member_expression field_access field_expression selector_expression method_invocation",
    ),
    "index accesses": _Construct("subscript subscript_expression index_expression slice_expression array_access"),
    "binary operations": _Construct("binary_operator binary_expression boolean_operator comparison_operator"),
    "comparisons": _Construct("", tokens="== != === !== < <= > >= is in instanceof", inside=_OPERATORS),
    "boolean operators": _Construct("", tokens="&& || ! and or not", inside=_OPERATORS),
    "strings": _Construct(
        "string string_literal raw_string_literal interpreted_string_literal template_string char_literal "
        "character_literal rune_literal",
    ),
    "numbers": _Construct(
        "integer float number number_literal int_literal float_literal imaginary_literal integer_literal "
        "decimal_integer_literal hex_integer_literal octal_integer_literal binary_integer_literal "
        "decimal_floating_point_literal hex_floating_point_literal",
    ),
    "comments": _Construct("comment line_comment block_comment html_comment"),
    "true, false and null": _Construct("true false none null null_literal nil boolean_literal undefined"),
    "collections": _Construct(
        "list dictionary set tuple object array list_comprehension dictionary_comprehension set_comprehension "
        "generator_expression initializer_list array_initializer composite_literal array_expression "
        "tuple_expression struct_expression compound_literal_expression",
    ),
    "identifiers": _Construct(
        "identifier property_identifier private_property_identifier field_identifier shorthand_property_identifier "
        "shorthand_property_identifier_pattern",
    ),
}


_ERROR = 0xFFFF  # tree-sitter's number for ERROR nodes in every grammar

# Names in order: the constructs, the tree as a whole, the end of the text. The contract puts "nesting depth" fourth.
_COUNTED = tuple(_CONSTRUCTS)
_TREE = ("parameters", "syntax errors", "tree depth", "share of named nodes")
_ENDS = (
    "depth at the end",
    "indentation at the end",
    "ends unfinished",
    "ends in a function",
    "ends in a class",
    "ends in a control block",
    "ends in call arguments",
    "ends in a parameter list",
    "ends in other brackets",
    "ends in a string",
    "ends in a comment",
    "ends after a block opener",
    "ends after a dot",
    "ends after an assignment sign",
    "ends on a fresh line",
)
AST_NAMES: tuple[str, ...] = (*_COUNTED[:3], "nesting depth", *_COUNTED[3:], *_TREE, *_ENDS)


def ast_features(text: str, language: str) -> NDArray[np.float32]:
    """The structure features of any text, shape (50,), all finite; only its last 20,000 characters count.

    Raises ValueError for an unknown language, and never because of the text.
    """
    kinds = _kinds(language)
    text = tail(text)
    literal = open_literal(text, language)
    code = text[: literal.start] if literal else text
    walk = _Walk(code, language, kinds)
    end = walk.end
    if literal:
        walk.counts[_COUNTED.index("strings" if literal.kind == "string" else "comments")] += 1

    last_line = text[text.rfind("\n") + 1 :]
    margin = len(last_line) - len(last_line.lstrip())
    open_roles = end.open_roles(margin)
    innermost = open_roles[-1] if open_roles else None
    # behind a newline or inside a literal the last token is no longer what a person continues
    last = end.previous if not literal and "\n" not in code[len(code.rstrip()) :] else ""
    block_opened = not literal and end.block_opened
    counts = (*walk.counts[:3], end.deepest, *walk.counts[3:], walk.parameters, walk.errors, walk.depth)
    return np.array(
        (
            *map(math.log1p, counts),
            walk.named / walk.nodes,
            math.log1p(len(open_roles)),
            math.log1p(len(last_line[:margin].expandtabs(4))),
            bool(literal) or walk.ends_in_error or end.bracket_open or block_opened,
            FUNCTION in open_roles,
            CLASS in open_roles,
            CONTROL in open_roles,
            innermost == ARGUMENTS,
            innermost == PARAMETERS,
            innermost == BRACKETS,
            literal is not None and literal.kind == "string",
            literal is not None and literal.kind == "comment",
            block_opened,
            last in DOTS,
            last in ASSIGNMENT_SIGNS,
            not literal and not last_line.strip(),
        ),
        np.float32,
    )


@dataclass(frozen=True, slots=True)
class _Kinds:
    """The table compiled for one grammar, by the numbers that it gives to its kinds of nodes."""

    names: dict[int, str]
    rules: dict[int, list[tuple[int, frozenset[int] | None]]]  # kind -> (construct, parents it has to stand in)
    named: frozenset[int]
    parameter_lists: frozenset[int]


@lru_cache
def _kinds(language: str) -> _Kinds:
    spoken = grammar(language)
    ids = [kind for kind in range(spoken.node_kind_count) if spoken.node_kind_is_visible(kind)]
    names = {kind: spoken.node_kind_for_id(kind) or "" for kind in ids} | {_ERROR: "ERROR"}
    named = frozenset(kind for kind in ids if spoken.node_kind_is_named(kind)) | {_ERROR}

    def find(entry: str, among_named: bool) -> frozenset[int]:
        words = (word.removesuffix("]").partition("[") for word in entry.split())
        wanted = {name for name, _, languages in words if not languages or language in languages.split(",")}
        return frozenset(kind for kind, name in names.items() if name in wanted and (kind in named) == among_named)

    rules: dict[int, list[tuple[int, frozenset[int] | None]]] = {}
    for index, construct in enumerate(_CONSTRUCTS.values()):
        for kinds, parents in (
            (find(construct.nodes, True), None),
            (find(construct.half_typed, False), frozenset({_ERROR})),
            (find(construct.tokens, False), find(construct.inside, True)),
        ):
            for kind in kinds:
                rules.setdefault(kind, []).append((index, parents))
    return _Kinds(names, rules, named, find(PARAMETER_LISTS, True))


class _Walk:
    """One pass over all nodes in the text's order: counts the constructs and hands the tokens on to `end`."""

    def __init__(self, code: str, language: str, kinds: _Kinds) -> None:
        names, rules, named, parameter_lists = kinds.names, kinds.rules, kinds.named, kinds.parameter_lists
        tree = parse(code, language)
        flawed = tree.root_node.has_error
        self.counts = counts = [0] * len(_COUNTED)
        self.nodes = self.named = self.parameters = self.errors = self.depth = 0
        self.end = end = TextEnd(code.encode("utf-8", "replace"), language)
        leaf_end, error_end = 0, -1
        cursor = tree.walk()
        path: list[int] = []  # kinds of the nodes above `parent`
        parent = -1
        walking = True
        while walking:
            node = cursor.node
            assert node is not None  # a cursor always stands on one
            kind = node.kind_id
            self.nodes += 1
            if kind in named:
                self.named += 1
                if parent in parameter_lists:
                    self.parameters += 1
            for construct, parents in rules.get(kind, ()):
                if parents is None or parent in parents:
                    counts[construct] += 1
            missing = flawed and node.is_missing
            if missing or kind == _ERROR:
                self.errors += 1
                error_end = max(error_end, node.end_byte)
            if cursor.goto_first_child():
                path.append(parent)
                parent = kind
                self.depth = max(self.depth, len(path))
                continue
            if not missing and node.end_byte > node.start_byte:  # an empty block has no width
                in_error = parent == _ERROR or (bool(path) and path[-1] == _ERROR)
                end.token(names[kind], names.get(parent, ""), in_error, node)
                leaf_end = node.end_byte
            while not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    walking = False
                    break
                parent = path.pop()
        self.ends_in_error = error_end >= leaf_end
        counts[_COUNTED.index("call expressions")] += end.half_typed_calls
        counts[_COUNTED.index("function/const declarations")] += end.half_typed_functions
