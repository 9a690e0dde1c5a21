"""Declares the tests of languages that are not read: their file names, and what is a test."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import unsupported_framework

# What a test is called in the languages of Gherkin that are used most.
_SCENARIOS: Final = "|".join(
    (
        "Scenario(?: (?:Outline|Template))?|Example",
        "Szenario(?:grundriss)?|Beispiel",
        "Sc(?:e|é)nario|Plan du [Ss]c(?:e|é)nario|Exemple",
        "Escenario|Esquema del [Ee]scenario|Ejemplo",
        "Schema dello scenario|Esempio",
        "Cen(?:a|á)rio|(?:Esquema|Delineação) do Cen(?:a|á)rio|Exemplo",
        "Abstract Scenario|Voorbeeld",
        "Abstrakt Scenario|Scenarie|Scenarioabstrakt|Eksempel",
        "Tapaus(?:aihio)?",
        "Scenariusz|Szablon scenariusza|Przykład",
        "Scénář|Osnova scénáře|Příklad",
        r"Senaryo(?: tasla\S+)?|Örnek",
        "Сценарий|Структура сценария|Шаблон сценария|Пример",
        "Сценарій|Структура сценарію|Приклад",
        "シナリオ(?:アウトライン|テンプレート|テンプレ)?",
        "(?:场景|剧本)(?:大纲)?",
        "시나리오(?: 개요)?",
    )
)

DECLARED: Final = (
    unsupported_framework(
        "cucumber",
        file_names=r".+\.feature",
        test_code=rf"(?m)^[ \t]*(?:{_SCENARIOS})[ \t]*:",
    ),
    unsupported_framework(
        "Robot Framework",
        file_names=r".+\.robot",
        test_code=r"(?m)^[^\s#|*]",
        section=r"(?ims)^\*+[ \t]*(?:test cases?|tasks?)[ \t]*\**[^\n]*\n(.*?)(?=^\*|\Z)",
    ),
    unsupported_framework(
        "JUnit in Kotlin",
        file_names=r"(?:Test\w*|\w+(?:Tests?|TestCase|IT|Spec))\.kt",
        test_code=r"(?m)^[ \t]*@(?:Test|ParameterizedTest|RepeatedTest|TestFactory)\b",
    ),
    unsupported_framework(
        "Spock or JUnit in Groovy",
        file_names=r"(?:Test\w*|\w+(?:Tests?|TestCase|IT|Spec))\.groovy",
        test_code=r"(?m)^[ \t]*(?:@Test\b|(?:def|void)[ \t]+[\"'][^\"'\n]+[\"'][ \t]*\()",
    ),
    unsupported_framework(
        "xUnit, NUnit or MSTest",
        file_names=r"\w*Tests?\.cs",
        test_code=r"(?m)^[ \t]*\[(?:Fact|Theory|Test|TestCase|TestMethod)\b",
    ),
    unsupported_framework(
        "RSpec or Minitest",
        file_names=r".+_(?:spec|test)\.rb|test_.+\.rb",
        test_code=(
            r"(?m)^[ \t]*(?:[fx]?(?:it|specify|test|example)(?:[ \t]*\(|[ \t]+['\"]|[ \t]*\{)"
            r"|def[ \t]+test_)"
        ),
    ),
    unsupported_framework(
        "PHPUnit",
        file_names=r"\w+Test\.php",
        test_code=(
            r"(?m)^[ \t]*(?:(?:public[ \t]+)?function[ \t]+test\w*\(|#\[Test\b"
            r"|(?:it|test)\(['\"])|^[ \t]*/?\*+[ \t]*@test\b"
        ),
    ),
    unsupported_framework(
        "cargo test",
        file_names=r"(?:.+_)?tests?\.rs|test_.+\.rs",
        test_code=r"(?m)^[ \t]*#\[(?:\w+::)*(?:test|rstest|test_case|quickcheck)\b",
    ),
    unsupported_framework(
        "XCTest or Swift Testing",
        file_names=r"\w+Tests?\.swift",
        test_code=r"\bfunc[ \t]+test\w*\(|(?m:^)[ \t]*@Test\b",
    ),
    unsupported_framework(
        "GoogleTest, Catch2 or doctest",
        file_names=r"(?:.+_(?:unit)?tests?|test_.+|\w+Tests?)\.(?:cc|cpp|cxx)",
        test_code=r"(?m)^[ \t]*(?:TYPED_)?(?:TEST|TEST_F|TEST_P|TEST_CASE|SCENARIO)\(",
    ),
    unsupported_framework(
        "ScalaTest, MUnit or specs2",
        file_names=r"\w+(?:Test|Spec|Suite|Specification)\.scala",
        test_code=(
            r"(?m)^[ \t]*(?:(?:test|it|property)\(\"|\"[^\"\n]*\"[ \t]+(?:in|>>)[ \t{]"
            r"|it[ \t]+should\b)"
        ),
    ),
    unsupported_framework(
        "clojure.test", file_names=r".+_test\.clj[cs]?", test_code=r"(?m)^\(deftest\b"
    ),
    unsupported_framework(
        "busted", file_names=r".+_spec\.lua", test_code=r"(?m)^[ \t]*(?:it|test|spec)\("
    ),
    unsupported_framework(
        "testthat", file_names=r"test[-_.].+\.[rR]", test_code=r"(?m)^[ \t]*test_that\("
    ),
    unsupported_framework(
        "Pester", file_names=r".+\.Tests\.ps1", test_code=r"(?mi)^[ \t]*it[ \t]+['\"]"
    ),
    unsupported_framework(
        "Hspec", file_names=r"\w*Spec\.hs", test_code=r"(?m)^[ \t]*(?:it|prop|specify)[ \t]+\""
    ),
    unsupported_framework("bats", file_names=r".+\.bats", test_code=r"(?m)^[ \t]*@test\b"),
    unsupported_framework(
        "Dart test", file_names=r".+_test\.dart", test_code=r"(?m)^[ \t]*test(?:Widgets)?\("
    ),
    unsupported_framework(
        "ExUnit", file_names=r".+_test\.exs", test_code=r"(?m)^[ \t]*test[ \t]+\""
    ),
)
