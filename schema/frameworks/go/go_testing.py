"""Declares Go's testing package, with the suites of testify."""

from __future__ import annotations

from typing import Final

from ..framework_declaration import CallForms, FrameworkDeclaration

DECLARED: Final = FrameworkDeclaration(
    name="go-testing",
    languages=("go",),
    rank=10,
    modules=r"testing\Z|github\.com/stretchr/testify/suite\Z",
    companions=(
        r"github\.com/(?:stretchr/testify|onsi/gomega|google/go-cmp|golang/mock|frankban/quicktest"
        r"|matryer/is)(?:/|\Z)|go\.uber\.org/mock(?:/|\Z)|gotest\.tools(?:/|\Z)"
    ),
    forms=CallForms(
        tests=frozenset({"Benchmark", "Example", "Fuzz", "Test"}),
        hooks=frozenset(
            {"AfterTest", "BeforeTest", "SetupSubTest", "SetupSuite", "SetupTest"}
            | {"TearDownSubTest", "TearDownSuite", "TearDownTest"}
        ),
    ),
    asserting_calls=(
        r"\w+\.(?:Error|Errorf|Fatal|Fatalf|Fail|FailNow)\Z"
        r"|(?:assert|require|is|qt|c|s|suite|\w*[sS]uite)\.(?:\w+\(\)\.)?[A-Z]\w*\Z"
    ),
    exact_calls=(
        r"\w+\.(?:Errorf|Fatalf)\Z"
        r"|.*\.(?:\w*Equal\w*|Contains|Len|ElementsMatch|EqualError|ErrorIs|ErrorAs|JSONEq|YAMLEq"
        r"|InDelta|InEpsilon|Regexp|Panics\w*|Same|Subset|WithinDuration|IsType|Zero|Empty|Nil)f?\Z"
    ),
)
