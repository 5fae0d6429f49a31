"""What statements, blocks, functions, arguments and literals are called in the nine grammars, as tree-sitter queries.

A statement here is anything that a person types as one: declarations, members and imports among them. Captures:
@prose comments and docstrings, @string, @statement, @block (its first character is `{`, or in Python the first
statement's), @function and its @body, @arguments, @error. Knows nothing of pairs.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from dlcodegen_core.syntax_trees import grammar

if TYPE_CHECKING:
    from tree_sitter import Query

CAPTURES = frozenset({"prose", "string", "statement", "block", "function", "arguments", "error"})


class _Constructs(NamedTuple):
    """Names of nodes with spaces between; what takes more than a name is written as a pattern of its own."""

    prose: str
    strings: str
    statements: str
    blocks: str
    functions: str  # those with a field `body`
    arguments: str
    more: str = ""


_JAVASCRIPT = _Constructs(
    prose="comment html_comment",
    strings="string template_string",
    statements=(
        "expression_statement lexical_declaration variable_declaration return_statement throw_statement if_statement "
        "for_statement for_in_statement while_statement switch_statement switch_case import_statement "
        "export_statement function_declaration generator_function_declaration class_declaration method_definition"
    ),
    blocks="statement_block class_body switch_body",
    functions="function_declaration generator_function_declaration function_expression method_definition",
    arguments="arguments",
    more="""
    (variable_declarator value: (arrow_function body: (statement_block)) @function)
    (pair value: (arrow_function body: (statement_block)) @function)
    (assignment_expression right: (arrow_function body: (statement_block)) @function)
    """,
)
_TYPESCRIPT = _JAVASCRIPT._replace(
    statements=(
        f"{_JAVASCRIPT.statements} public_field_definition abstract_class_declaration interface_declaration "
        "type_alias_declaration enum_declaration function_signature method_signature abstract_method_signature "
        "property_signature"
    ),
    blocks=f"{_JAVASCRIPT.blocks} interface_body enum_body",
    more=f"""{_JAVASCRIPT.more}
    (public_field_definition value: (arrow_function body: (statement_block)) @function)
    """,
)
_C = _Constructs(
    prose="comment",
    strings="string_literal",
    statements=(
        "declaration expression_statement return_statement if_statement for_statement while_statement "
        "switch_statement case_statement goto_statement function_definition type_definition struct_specifier "
        "union_specifier enum_specifier field_declaration preproc_include preproc_def preproc_function_def"
    ),
    blocks="compound_statement field_declaration_list enumerator_list declaration_list",
    functions="function_definition",
    arguments="argument_list",
)
_CONSTRUCTS = {
    "python": _Constructs(
        prose="comment",
        strings="string",
        statements=(
            "expression_statement return_statement import_statement import_from_statement future_import_statement "
            "raise_statement assert_statement delete_statement global_statement nonlocal_statement "
            "type_alias_statement if_statement elif_clause for_statement while_statement with_statement except_clause "
            "match_statement case_clause function_definition class_definition decorator"
        ),
        blocks="block",
        functions="function_definition",
        arguments="argument_list",
        more="(expression_statement . (string) @prose .)",
    ),
    "javascript": _JAVASCRIPT._replace(
        statements=f"{_JAVASCRIPT.statements} field_definition",
        more=f"""{_JAVASCRIPT.more}
        (field_definition value: (arrow_function body: (statement_block)) @function)
        """,
    ),
    "typescript": _TYPESCRIPT,
    "tsx": _TYPESCRIPT,
    "java": _Constructs(
        prose="line_comment block_comment",
        strings="string_literal",
        statements=(
            "expression_statement local_variable_declaration return_statement throw_statement yield_statement "
            "assert_statement explicit_constructor_invocation if_statement for_statement enhanced_for_statement "
            "while_statement switch_expression switch_rule synchronized_statement try_with_resources_statement "
            "field_declaration constant_declaration method_declaration constructor_declaration "
            "compact_constructor_declaration class_declaration interface_declaration record_declaration "
            "enum_declaration annotation_type_declaration package_declaration import_declaration"
        ),
        blocks="block constructor_body class_body interface_body enum_body annotation_type_body switch_block",
        functions="method_declaration constructor_declaration compact_constructor_declaration",
        arguments="argument_list",
    ),
    "go": _Constructs(
        prose="comment",
        strings="interpreted_string_literal raw_string_literal",
        statements=(
            "expression_statement short_var_declaration assignment_statement return_statement send_statement "
            "go_statement defer_statement if_statement for_statement expression_switch_statement "
            "type_switch_statement expression_case type_case communication_case function_declaration "
            "method_declaration type_declaration type_spec var_declaration var_spec const_declaration const_spec "
            "import_declaration import_spec field_declaration method_elem"
        ),
        blocks="block field_declaration_list",
        functions="function_declaration method_declaration func_literal",
        arguments="argument_list",
        more="""
        (expression_switch_statement "{" @block)
        (type_switch_statement "{" @block)
        (select_statement "{" @block)
        (interface_type "{" @block)
        """,
    ),
    "rust": _Constructs(
        prose="line_comment block_comment",
        strings="string_literal raw_string_literal",
        statements=(
            "expression_statement let_declaration macro_invocation use_declaration function_item "
            "function_signature_item struct_item enum_item union_item impl_item trait_item const_item static_item "
            "type_item mod_item attribute_item inner_attribute_item if_expression match_expression match_arm "
            "for_expression while_expression return_expression field_declaration"
        ),
        blocks="block declaration_list field_declaration_list enum_variant_list match_block",
        functions="function_item",
        arguments="arguments",
        more='(macro_invocation (token_tree . "(") @arguments)',
    ),
    "c": _C,
    "cpp": _C._replace(
        strings=f"{_C.strings} raw_string_literal",
        statements=(
            f"{_C.statements} for_range_loop throw_statement co_return_statement class_specifier "
            "namespace_definition template_declaration using_declaration alias_declaration static_assert_declaration "
            "friend_declaration concept_definition"
        ),
        functions="function_definition lambda_expression",
    ),
}


@lru_cache
def query(language: str, wanted: frozenset[str]) -> "Query":
    """The query that finds the constructs of a language and captures those of the wanted names."""
    from tree_sitter import Query

    found = _CONSTRUCTS[language]
    patterns = (
        *(_any_of(names, capture) for capture, names in _captures(found).items()),
        found.more,
        "(ERROR) @error (MISSING) @error",
    )
    made = Query(grammar(language), "\n".join(patterns))
    for name in CAPTURES - wanted:
        made.disable_capture(name)
    return made


@lru_cache
def statement_names(language: str) -> frozenset[str]:
    return frozenset(_CONSTRUCTS[language].statements.split())


def _captures(found: _Constructs) -> dict[str, str]:
    return {
        "prose": found.prose,
        "string": found.strings,
        "statement": found.statements,
        "block": found.blocks,
        "function": found.functions,
        "arguments": found.arguments,
    }


def _any_of(names: str, capture: str) -> str:
    return f"[{' '.join(f'({name})' for name in names.split())}] @{capture}"
