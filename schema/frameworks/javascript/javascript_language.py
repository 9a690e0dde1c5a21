"""Declares JavaScript, and what TypeScript has in common with it."""

from __future__ import annotations

from typing import Final

from ..language_declaration import LanguageDeclaration, NodeTypes

GRAMMARS: Final = {
    "javascript": "tree_sitter_javascript.language",
    "typescript": "tree_sitter_typescript.language_typescript",
    "tsx": "tree_sitter_typescript.language_tsx",
}
NODES: Final = NodeTypes(
    calls={"call_expression": "function", "new_expression": "constructor"},
    members={"member_expression": "property object"},
    subscripts={"subscript_expression": "object"},
    wrappers=frozenset({"await_expression", "parenthesized_expression"}),
    names=frozenset({"identifier", "type_identifier", "shorthand_property_identifier"}),
    numbers=frozenset({"number"}),
    strings=frozenset({"string", "template_string"}),
    interpolations=frozenset({"template_substitution"}),
    constants=frozenset({"true", "false", "null", "undefined"}),
    collections=frozenset({"array", "object"}),
    arguments=frozenset({"arguments"}),
    pairs=frozenset({"pair", "property_signature"}),
    keyed=frozenset({"pair", "pair_pattern", "jsx_attribute", "property"}),
    assignments=frozenset(
        {
            "assignment_expression",
            "assignment_pattern",
            "object_assignment_pattern",
            "public_field_definition",
            "variable_declarator",
        }
    ),
    arithmetic=frozenset({"binary_expression", "unary_expression"}),
    transparent=frozenset(
        {
            "as_expression",
            "await_expression",
            "binary_expression",
            "non_null_expression",
            "parenthesized_expression",
            "satisfies_expression",
            "spread_element",
            "unary_expression",
        }
    ),
    opaque=frozenset(
        {
            "comment",
            "decorator_name",
            "import_statement",
            "jsx_text",
            "regex",
            "subscript_key",
            "type_annotation",
            "type_arguments",
            "type_parameters",
        }
    ),
    branches=frozenset(
        {
            "do_statement",
            "for_in_statement",
            "for_statement",
            "if_statement",
            "switch_statement",
            "try_statement",
            "while_statement",
            "with_statement",
        }
    ),
    bindings={
        "arrow_function": "parameter",
        "class_declaration": "name",
        "formal_parameters": "",
        "function_declaration": "name",
        "variable_declarator": "name",
    },
)
_SUFFIX: Final = r"\.[cm]?[jt]sx?"
_TEST_NAMES: Final = rf"(?i:(?:.*[._-])?(?:test|tests|spec|specs|cy|e2e|tst){_SUFFIX})"
_HINTED_NAMES: Final = rf".*[a-z0-9](?:Spec|Test){_SUFFIX}"
EXCLUDED_NAMES: Final = r".*\.d\.[cm]?ts"
_TEST_HINT: Final = (
    r"\b(?:TESTS|tape|tap)\b[\w.]{0,99}\s{0,99}[(`]|\.test\s{0,99}\("
    r"|[{,]\s{0,99}(?:it|test)\s{1,9}as\s{1,9}\w"
    r"|\bimport\.meta\.vitest\b"
)
_TEST_CODE: Final = (
    r"(?m)^[ \t]*(?P<title>(?:[fx]?it|x?test|specify)(?:\.(?!step|use|extend|before|after)\w+)*"
    r"\s?[(<`][^\n]*)"
)
_DEFINITIONS: Final = (
    r"(?m)^\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?"
    r"(?:class|function\*?|const|let|var|interface)\s+([A-Za-z_$][\w$]*)"
)
_FUNCTIONS: Final = (
    r"\bclass (?P<klass>[\w$]+)|\b(?P<function>[\w$]+)(?: ?[=:] ?(?:async )?(?:function\*? ?)?)?"
    r"(?:<[^>()\n]{0,200}>)?\((?P<parameters>[^()]{0,1000})\)(?: ?: ?[^\n=;{]{1,100})? ?(?:=>|\{)"
)
# Cypress.Commands.add("login", { prevSubject: true }, (subject, user) => {
_REGISTERED: Final = (
    r"\.(?P<call>add|overwrite|register)\(\s*[\"'](?P<function>\w+)[\"']\s*,"
    r"(?P<subject>\s*\{[^{}]{0,200}\bprevSubject\b[^{}]{0,200}\}\s*,)?\s*(?:async\s*)?"
    r"(?:function\s*\w*\s*)?\((?P<parameters>[^()]{0,1000})"
)
_PARAMETER: Final = r"\s*(?:(?:public|private|protected|readonly)\s+)*(?:\.\.\.)?([A-Za-z_$][\w$]*)"
_STANDARD_MODULES: Final = (
    "assert buffer child_process cluster crypto dns events fs http http2 https module net os"
    " path perf_hooks process querystring readline stream timers tls url util v8 vm"
    " worker_threads zlib"
)

DECLARED: Final = LanguageDeclaration(
    name="javascript",
    family="javascript",
    suffixes=(".js", ".jsx", ".mjs", ".cjs"),
    grammars=GRAMMARS,
    # Flow's types are read as TypeScript's, where they agree.
    parse_order={"": ("javascript", "tsx")},
    reader="javascript_tests",
    comment="//",
    separator=" \u203a ",  # a single right-pointing angle quotation mark
    indent=2,
    test_names=_TEST_NAMES,
    hinted_names=_HINTED_NAMES,
    test_hint=_TEST_HINT,
    test_code=_TEST_CODE,
    definitions=_DEFINITIONS,
    functions=_FUNCTIONS,
    registered=_REGISTERED,
    parameter=_PARAMETER,
    standard_modules=frozenset(_STANDARD_MODULES.split()),
    default_framework="jest",
    runner_settings="globs",
    has_packages=True,
    nodes=NODES,
)
