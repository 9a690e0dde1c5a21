"""Declares Python."""

from __future__ import annotations

import sys
from typing import Final

from ..language_declaration import LanguageDeclaration, NodeTypes

DECLARED: Final = LanguageDeclaration(
    name="python",
    family="python",
    suffixes=(".py",),
    grammars={"python": "tree_sitter_python.language"},
    parse_order={"": ("python",)},
    reader="python_tests",
    comment="#",
    separator=".",
    indent=4,
    blank_lines=2,
    true="True",
    false="False",
    none="None",
    test_names=r"(?:test_.*|.*_test|tests?)\.py",
    hinted_names=r"conftest\.py",
    test_hint=(
        r"(?m)^[ \t]*(?:async[ \t]+)?def[ \t]+test|^from[ \t]+(?:ward|mamba|vedro|testslide)\b"
    ),
    test_code=r"(?m)^[ \t]*(?P<title>(?:async[ \t]+)?def[ \t]+test\w*)",
    definitions=r"(?m)^\s*(?:async\s+)?(?:def|class)\s+([A-Za-z_]\w*)",
    functions=(
        r"^[ \t]*class (?P<klass>\w+)|\bdef (?P<function>\w+)(?:\[[^\]\n]{0,200}\])?"
        r"\((?P<parameters>[^()]{0,1000})"
    ),
    parameter=r"\s*\*{0,2}([A-Za-z_]\w*)",
    standard_modules=sys.stdlib_module_names,
    default_framework="pytest",
    runner_settings="pytest",
    names_encoding=True,
    nodes=NodeTypes(
        calls={"call": "function"},
        members={"attribute": "attribute object"},
        subscripts={"subscript": "value"},
        wrappers=frozenset({"await", "parenthesized_expression"}),
        numbers=frozenset({"integer", "float"}),
        strings=frozenset({"string", "concatenated_string"}),
        interpolations=frozenset({"interpolation"}),
        constants=frozenset({"true", "false", "none"}),
        collections=frozenset({"list", "tuple", "set", "dictionary"}),
        arguments=frozenset({"argument_list"}),
        keyed=frozenset({"keyword_argument", "pair"}),
        pairs=frozenset({"pair"}),
        assignments=frozenset(
            {
                "assignment",
                "augmented_assignment",
                "default_parameter",
                "named_expression",
                "typed_default_parameter",
            }
        ),
        comparisons=frozenset({"comparison_operator"}),
        arithmetic=frozenset({"binary_operator", "unary_operator"}),
        transparent=frozenset(
            {
                "await",
                "binary_operator",
                "list_splat",
                "parenthesized_expression",
                "unary_operator",
            }
        ),
        opaque=frozenset(
            {
                "comment",
                "future_import_statement",
                "import_from_statement",
                "import_statement",
                "interpolation",
                "type",
            }
        ),
        branches=frozenset(
            {"for_statement", "if_statement", "try_statement", "while_statement", "with_statement"}
        ),
        bindings={
            "as_pattern_target": "",
            "assignment": "left",
            "class_definition": "name",
            "for_in_clause": "left",
            "for_statement": "left",
            "function_definition": "name",
            "lambda_parameters": "",
            "parameters": "",
        },
        assertions=frozenset({"assert_statement"}),
    ),
)
