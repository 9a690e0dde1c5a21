"""Lists the 18 roles of the fleet, as data."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ROLES", "AgentRole", "role_named"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRole:
    """One kind of agent.

    Attributes:
        name: The stable id that its learning is stored under.
        responsibility: Its responsibility, in one sentence.
        task_types: Types of task that it is meant for; it accepts others as well.
        strategies: The strategies it chooses from; the first one while it has learned nothing.
    """

    name: str
    responsibility: str
    task_types: tuple[str, ...]
    strategies: tuple[str, ...]


ROLES: tuple[AgentRole, ...] = (
    AgentRole(
        name="test-generator",
        responsibility="Writes tests for code that lacks them.",
        task_types=("unit-test-generation", "integration-test-generation", "regression-test"),
        strategies=("example-based", "property-based", "boundary-values", "mutation-guided"),
    ),
    AgentRole(
        name="test-executor",
        responsibility="Runs tests and reports their results.",
        task_types=("test-run", "regression-run", "smoke-run"),
        strategies=("all-in-order", "failed-first", "fail-fast", "newest-first"),
    ),
    AgentRole(
        name="coverage-analyzer",
        responsibility="Finds code that no test reaches and says where a test pays most.",
        task_types=("coverage-gap", "coverage-trend", "diff-coverage"),
        strategies=("largest-gap", "lowest-coverage", "branches-first", "changed-code-first"),
    ),
    AgentRole(
        name="quality-gate",
        responsibility="Decides whether a change may pass, and explains objections.",
        task_types=("merge-gate", "release-gate"),
        strategies=("strict-thresholds", "risk-weighted", "no-regression"),
    ),
    AgentRole(
        name="quality-analyzer",
        responsibility="Measures the quality of code and tests and tracks its trend.",
        task_types=("quality-report", "trend-analysis", "test-smell-detection"),
        strategies=("static-analysis", "history-mining", "mutation-score"),
    ),
    AgentRole(
        name="code-complexity",
        responsibility="Finds code too complex to test well and proposes how to split it.",
        task_types=("complexity-scan", "refactoring-advice"),
        strategies=("cyclomatic", "cognitive", "hotspots-by-churn"),
    ),
    AgentRole(
        name="performance-tester",
        responsibility="Measures speed and resources under load and finds regressions.",
        task_types=("load-test", "stress-test", "benchmark-comparison"),
        strategies=("constant-load", "ramp-up", "spike", "soak"),
    ),
    AgentRole(
        name="security-scanner",
        responsibility="Finds vulnerabilities in code and its dependencies.",
        task_types=("static-scan", "dependency-scan", "secret-scan"),
        strategies=("rules-first", "taint-analysis", "dependency-audit", "fuzzing"),
    ),
    AgentRole(
        name="requirements-validator",
        responsibility="Checks that requirements can be tested and are covered by tests.",
        task_types=("testability-check", "traceability"),
        strategies=("checklist", "given-when-then", "traceability-matrix"),
    ),
    AgentRole(
        name="production-intelligence",
        responsibility="Turns incidents and usage seen in production into tests.",
        task_types=("incident-to-test", "usage-analysis", "anomaly-detection"),
        strategies=("incident-replay", "traffic-sampling", "error-clustering"),
    ),
    AgentRole(
        name="fleet-commander",
        responsibility="Assigns work to the best agents and resolves conflicts between them.",
        task_types=("work-assignment", "priority-setting", "conflict-resolution"),
        strategies=("by-past-success", "round-robin", "shortest-queue", "risk-first"),
    ),
    AgentRole(
        name="regression-risk-analyzer",
        responsibility="Finds the tests that a change puts at risk, so that they run first.",
        task_types=("test-selection", "change-impact"),
        strategies=("dependency-graph", "failure-history", "code-churn", "coverage-map"),
    ),
    AgentRole(
        name="test-data-architect",
        responsibility="Creates test data that is realistic, small and free of personal data.",
        task_types=("data-generation", "data-masking", "fixture-design"),
        strategies=("schema-driven", "boundary-values", "sampled-and-masked", "combinatorial"),
    ),
    AgentRole(
        name="api-contract-validator",
        responsibility="Checks that services keep their contracts and finds breaking changes.",
        task_types=("contract-check", "breaking-change-detection"),
        strategies=("schema-diff", "consumer-driven", "generated-requests"),
    ),
    AgentRole(
        name="flaky-test-hunter",
        responsibility="Finds tests that pass and fail on the same code, and why.",
        task_types=("flaky-detection", "root-cause", "quarantine"),
        strategies=("rerun-in-order", "rerun-shuffled", "rerun-isolated"),
    ),
    AgentRole(
        name="deployment-readiness",
        responsibility="Assesses whether a release is ready to deploy.",
        task_types=("release-assessment", "rollback-planning"),
        strategies=("checklist", "risk-score", "canary-evidence"),
    ),
    AgentRole(
        name="visual-tester",
        responsibility="Finds unintended visual changes.",
        task_types=("screenshot-comparison", "layout-check", "accessibility-check"),
        strategies=("pixel-difference", "perceptual-hash", "structure-difference"),
    ),
    AgentRole(
        name="chaos-engineer",
        responsibility="Injects faults to test whether the system recovers.",
        task_types=("fault-injection", "recovery-check"),
        strategies=("process-kill", "latency-injection", "resource-exhaustion", "network-split"),
    ),
)


def role_named(name: str) -> AgentRole:
    """Returns the role with that name.

    Raises:
        ValueError: There is no such role.
    """
    for role in ROLES:
        if role.name == name:
            return role
    raise ValueError(f"role must be one of {', '.join(role.name for role in ROLES)}; got {name!r}")
