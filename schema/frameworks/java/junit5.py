"""Declares JUnit 5 and its successors, which share Jupiter's annotations."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import CallForms, FrameworkDeclaration

# What AssertJ, Hamcrest and Truth say of a value: assertThat(x).isEqualTo(1).
EXACT: Final = (
    r".*\b(?:isEqualTo|isSameAs|hasSize|hasMessage\w*|contains(?:Exactly|Only|Entry|Key)\w*"
    r"|containsOnly|isInstanceOf|isExactlyInstanceOf|startsWith|endsWith|isCloseTo|isBetween"
    r"|isGreaterThan\w*|isLessThan\w*|assertThrows(?:Exactly)?|assertArrayEquals"
    r"|assertIterableEquals|assertLinesMatch|assertInstanceOf|assertSame|assertNull)\Z"
)

DECLARED: Final = FrameworkDeclaration(
    name="junit5",
    languages=("java",),
    rank=10,
    modules=(
        r"org\.junit\.jupiter\.(?:api|params)(?:\.|\Z)|org\.junitpioneer\.(?:jupiter|vintage)(?:\.|\Z)"
        r"|org\.junit\.(?:platform|jupiter)\."
    ),
    companions=(
        r"org\.(?:assertj|hamcrest|mockito|easymock|opentest4j|apiguardian|testcontainers)(?:\.|\Z)"
        r"|com\.google\.common\.truth(?:\.|\Z)|org\.junit\."
    ),
    forms=CallForms(
        tests=frozenset(
            {"CartesianTest", "ParameterizedTest", "RepeatedTest", "RetryingTest", "Test"}
            | {"TestFactory", "TestTemplate"}
        ),
        blocks=frozenset({"Nested"}),
        hooks=frozenset(
            {"AfterAll", "AfterEach", "BeforeAll", "BeforeEach", "Mock", "RegisterExtension"}
            | {"TempDir"}
        ),
        tables=frozenset(
            {"CartesianTest", "ParameterizedTest", "RepeatedTest", "TestFactory", "TestTemplate"}
        ),
        skipping=frozenset({"Disabled"}),
    ),
    exact_calls=EXACT,
)
