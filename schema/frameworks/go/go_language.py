"""Declares Go."""

from __future__ import annotations

from typing import Final

from ..language_declaration import LanguageDeclaration, NodeTypes

_BUILTINS: Final = (
    "any append bool byte cap clear close complex copy delete error false float32 float64 imag int"
    " int16 int32 int64 int8 iota len make max min new nil panic print println real recover rune"
    " string testing true uint uint16 uint32 uint64 uint8 uintptr"
)

DECLARED: Final = LanguageDeclaration(
    name="go",
    family="go",
    suffixes=(".go",),
    grammars={"go": "tree_sitter_go.language"},
    parse_order={"": ("go",)},
    reader="go_tests",
    comment="//",
    separator=".",
    indent=4,
    none="nil",
    test_names=r".+_test\.go",
    # `go test` reads no other files, whatever their folder.
    excluded_names=r"(?!.*_test\.go\Z).*",
    test_code=r"(?m)^(?P<title>func[ \t]+(?:Test|Benchmark|Fuzz|Example)\w*[ \t]*\([^\n]*)",
    definitions=r"(?m)^(?:func(?:[ \t]*\([^)\n]*\))?|type)[ \t]+([A-Za-z_]\w*)",
    standard_paths=r"[^./]+(?:/|\Z)",
    known_names=frozenset(_BUILTINS.split()),
    default_framework="go-testing",
    functions=(
        r"\bfunc\s{1,9}(?:\([^()\n]{0,200}\)\s{0,9})?(?P<function>\w+)(?:\[[^\]\n]{0,200}\])?"
        r"\((?P<parameters>[^()]{0,1000})"
    ),
    nodes=NodeTypes(
        calls={"call_expression": "function"},
        members={"selector_expression": "field operand", "qualified_type": "name package"},
        subscripts={"index_expression": "operand"},
        wrappers=frozenset({"parenthesized_expression"}),
        names=frozenset(
            {"field_identifier", "identifier", "package_identifier", "type_identifier"}
        ),
        numbers=frozenset({"float_literal", "imaginary_literal", "int_literal"}),
        strings=frozenset({"interpreted_string_literal", "raw_string_literal"}),
        constants=frozenset({"false", "nil", "true"}),
        collections=frozenset({"composite_literal", "literal_value"}),
        arguments=frozenset({"argument_list"}),
        keyed=frozenset({"keyed_element"}),
        pairs=frozenset({"keyed_element"}),
        elements=frozenset({"literal_element"}),
        assignments=frozenset(
            {"assignment_statement", "const_spec", "short_var_declaration", "var_spec"}
        ),
        arithmetic=frozenset({"binary_expression", "unary_expression"}),
        transparent=frozenset(
            {
                "binary_expression",
                "expression_list",
                "literal_element",
                "parenthesized_expression",
                "unary_expression",
            }
        ),
        opaque=frozenset(
            {
                "array_type",
                "comment",
                "import_declaration",
                "struct_type",
                "type_arguments",
                "type_parameter_list",
            }
        ),
        branches=frozenset(
            {
                "expression_switch_statement",
                "for_statement",
                "if_statement",
                "select_statement",
                "type_switch_statement",
            }
        ),
        bindings={
            "function_declaration": "name",
            "parameter_declaration": "name",
            "range_clause": "left",
            "short_var_declaration": "left",
            "var_spec": "name",
            "const_spec": "name",
            "type_spec": "name",
        },
        parts=frozenset({"parameter_declaration", "variadic_parameter_declaration"}),
    ),
)
