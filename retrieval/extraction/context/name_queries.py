"""Declares where each grammar uses and binds names, as tree-sitter queries."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ...text.syntax_tree import Grammar, grammar_language

if TYPE_CHECKING:
    from tree_sitter import Node, Query

__all__ = ["QUERIED_GRAMMARS", "name_captures"]

# @name: every name, members of objects included in Python: a pattern for these would take quadratic
# time on a long chain. Of the names, @other is no variable, and the rest bind a name: @parameter,
# @definition (in the enclosing scope) and @binding.
_PYTHON: Final = """
(identifier) @name
(keyword_argument name: (identifier) @other)
(dotted_name (identifier) @other)
(aliased_import alias: (identifier) @binding)
(import_statement name: (dotted_name . (identifier) @binding))
(import_from_statement name: (dotted_name (identifier) @binding))
(parameters (identifier) @parameter)
(lambda_parameters (identifier) @parameter)
(typed_parameter (identifier) @parameter)
(default_parameter name: (identifier) @parameter)
(typed_default_parameter name: (identifier) @parameter)
(parameters [(list_splat_pattern (identifier) @parameter)
             (dictionary_splat_pattern (identifier) @parameter)])
(typed_parameter [(list_splat_pattern (identifier) @parameter)
                  (dictionary_splat_pattern (identifier) @parameter)])
(lambda_parameters [(list_splat_pattern (identifier) @parameter)
                    (dictionary_splat_pattern (identifier) @parameter)])
(assignment left: (identifier) @binding)
(augmented_assignment left: (identifier) @binding)
(pattern_list (identifier) @binding)
(tuple_pattern (identifier) @binding)
(list_pattern (identifier) @binding)
(pattern_list (list_splat_pattern (identifier) @binding))
(for_statement left: (identifier) @binding)
(for_in_clause left: (identifier) @binding)
(as_pattern_target (identifier) @binding)
(named_expression name: (identifier) @binding)
(function_definition name: (identifier) @definition)
(class_definition name: (identifier) @definition)
(global_statement (identifier) @global)
[(function_definition) (lambda)] @function
[(list_comprehension) (set_comprehension) (dictionary_comprehension) (generator_expression)] @block
(class_definition) @class
"""
_JAVASCRIPT: Final = """
[(identifier) (shorthand_property_identifier) (shorthand_property_identifier_pattern)] @name
(import_clause (identifier) @other)
(namespace_import (identifier) @other)
(import_specifier (identifier) @other)
(shorthand_property_identifier_pattern) @binding
(variable_declarator name: (identifier) @binding)
(variable_declarator name: (array_pattern (identifier) @binding))
(pair_pattern value: (identifier) @binding)
(rest_pattern (identifier) @binding)
(for_in_statement kind: _ left: (identifier) @binding)
(catch_clause parameter: (identifier) @binding)
(arrow_function parameter: (identifier) @parameter)
(function_declaration name: (identifier) @definition)
(generator_function_declaration name: (identifier) @definition)
(class_declaration name: (_) @definition)
[(function_declaration) (generator_function_declaration) (function_expression) (arrow_function)
 (method_definition)] @function
[(statement_block) (for_statement) (for_in_statement) (catch_clause) (switch_body)] @block
"""
_PLAIN: Final = """
(formal_parameters (identifier) @parameter)
(formal_parameters (array_pattern (identifier) @binding))
(formal_parameters (assignment_pattern left: (identifier) @parameter))
"""
_TYPED: Final = """
(type_identifier) @name
(required_parameter pattern: (identifier) @parameter)
(optional_parameter pattern: (identifier) @parameter)
(required_parameter pattern: (array_pattern (identifier) @binding))
(interface_declaration name: (type_identifier) @definition)
(type_alias_declaration name: (type_identifier) @definition)
(enum_declaration name: (identifier) @definition)
(type_parameter name: (type_identifier) @other)
"""
_QUERIES: Final[dict[Grammar, str]] = {
    "python": _PYTHON,
    "javascript": _JAVASCRIPT + _PLAIN,
    "typescript": _JAVASCRIPT + _TYPED,
    "tsx": _JAVASCRIPT + _TYPED,
}
QUERIED_GRAMMARS: Final = frozenset(_QUERIES)


def name_captures(root: Node, grammar: Grammar) -> dict[str, list[Node]]:
    """Returns the names and scopes under a node, by what they are."""
    from tree_sitter import QueryCursor

    return QueryCursor(_query(grammar)).captures(root)


@lru_cache(maxsize=4)
def _query(grammar: Grammar) -> Query:
    from tree_sitter import Query

    return Query(grammar_language(grammar), _QUERIES[grammar])
