"""Declares Java."""

from __future__ import annotations

from typing import Final

from ..language_declaration import LanguageDeclaration, NodeTypes

_KNOWN_NAMES: Final = (
    "Arrays Assert Assertions Boolean Class Collections Double Exception Float Integer List Long"
    " Map Math Object Optional Set Short String StringBuilder System Thread Throwable"
)

DECLARED: Final = LanguageDeclaration(
    name="java",
    family="java",
    suffixes=(".java",),
    grammars={"java": "tree_sitter_java.language"},
    parse_order={"": ("java",)},
    reader="java_tests",
    comment="//",
    separator=".",
    indent=4,
    # A build may have test folders of any name.
    hinted_names=r".+\.java",
    test_hint=r"@(?:[\w.]+\.)?(?:TESTS)\b|\bextends\s+(?:[\w.]+\.)?TestCase\b",
    test_code=r"(?m)^[ \t]*(?P<title>@(?:[\w.]+\.)?(?:Parameterized|Repeated)?Test\b[^\n]*)",
    definitions=(
        r"(?m)^[ \t]*(?:(?:public|protected|private|static|final|abstract|sealed)[ \t]+)*"
        r"(?:class|interface|enum|record|[\w<>\[\], ]+?[ \t]+(?=\w+[ \t]*\([^;\n]*\{))[ \t]*(\w+)"
    ),
    standard_paths=r"javax?\.",
    known_names=frozenset(_KNOWN_NAMES.split()),
    default_framework="junit5",
    functions=(
        r"(?<!\bnew )\b(?P<function>\w+)\((?P<parameters>[^()]{0,1000})\)"
        r"\s{0,99}(?:throws [\w., ]{1,200})?\{"
    ),
    parameter=r".*?([A-Za-z_$][\w$]*)\s*(?:\[\])?\s*\Z",
    nodes=NodeTypes(
        calls={"method_invocation": "name", "object_creation_expression": "type"},
        members={"field_access": "field object", "method_invocation": "name object"},
        subscripts={"array_access": "array"},
        wrappers=frozenset({"parenthesized_expression"}),
        names=frozenset({"identifier", "type_identifier"}),
        numbers=frozenset(
            {
                "binary_integer_literal",
                "decimal_floating_point_literal",
                "decimal_integer_literal",
                "hex_floating_point_literal",
                "hex_integer_literal",
                "octal_integer_literal",
            }
        ),
        strings=frozenset({"string_literal"}),
        constants=frozenset({"false", "null_literal", "true"}),
        arguments=frozenset({"argument_list"}),
        keyed=frozenset({"element_value_pair"}),
        assignments=frozenset({"assignment_expression", "variable_declarator"}),
        arithmetic=frozenset({"binary_expression", "unary_expression"}),
        transparent=frozenset(
            {
                "array_creation_expression",
                "array_initializer",
                "binary_expression",
                "cast_expression",
                "parenthesized_expression",
                "unary_expression",
            }
        ),
        # What an annotation says is how a test runs, not what it tests.
        opaque=frozenset(
            {
                "annotation",
                "block_comment",
                "import_declaration",
                "line_comment",
                "package_declaration",
                "type_arguments",
                "type_parameters",
            }
        ),
        branches=frozenset(
            {
                "do_statement",
                "enhanced_for_statement",
                "for_statement",
                "if_statement",
                "switch_expression",
                "try_statement",
                "try_with_resources_statement",
                "while_statement",
            }
        ),
        bindings={
            "catch_formal_parameter": "name",
            "class_declaration": "name",
            "enhanced_for_statement": "name",
            "formal_parameter": "name",
            "inferred_parameters": "",
            "lambda_expression": "parameters",
            "method_declaration": "name",
            "resource": "name",
            "variable_declarator": "name",
        },
    ),
)
