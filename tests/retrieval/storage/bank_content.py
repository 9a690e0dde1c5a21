"""What the contract suite stores and asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from aqe.models import HashingEncoder, QueryEmbedding, identity_of
from aqe.retrieval import Change, PatternBackend, SearchMode
from aqe.retrieval.storage.backend import PatternWriter
from aqe.retrieval.storage.storage_values import (
    Candidates,
    PatternContent,
    SearchQuery,
    StoredPattern,
)
from aqe.retrieval.storage.use_summary import use_summary
from aqe.retrieval.text.pattern_text import content_hash, embedded_text, text_hash
from aqe.retrieval.text.tokens import query_terms
from aqe.schema import PatternSearchCriteria, PatternUsageContext, Provenance, TestPattern

ENCODER, OTHER_ENCODER = HashingEncoder(64), HashingEncoder(32)
IDENTITY, OTHER_IDENTITY = identity_of(ENCODER), identity_of(OTHER_ENCODER)
ANYTHING = PatternSearchCriteria()
A_PERSON = Provenance(origin="human")
MALLORY = Provenance(origin="agent", agent_id="mallory", run_id="run-1")


def content_of(
    pattern: TestPattern, *, author: Provenance = A_PERSON, base_quality: float = 0.5
) -> PatternContent:
    """Returns what a write of the pattern is given; what an agent wrote is unproven."""
    text = embedded_text(pattern)
    return PatternContent(
        pattern=pattern,
        summary=use_summary([], base_quality=base_quality, trust=author.trust),
        provenance=author,
        base_quality=base_quality,
        content_hash=content_hash(pattern),
        text_hash=text_hash(text),
        embedding=ENCODER.encode([text])[0],
    )


def put(backend: PatternBackend, *patterns: TestPattern, author: Provenance = A_PERSON) -> None:
    """Inserts patterns in one session; tidies up after a batch, as the bank does."""
    with backend.writing() as session:
        for pattern in patterns:
            session.insert(content_of(pattern, author=author))
    if len(patterns) > 1:
        backend.tidy()


def change(backend: PatternBackend, id: str, pattern: TestPattern, **content: object) -> None:
    """Updates a pattern as the bank does, with what its uses add up to."""
    with backend.writing() as session:
        (stored,) = session.get_many([id])
        new = content_of(pattern)
        counts = session.agent_counts(stored.key, new.content_hash)
        summary = use_summary(counts, base_quality=new.base_quality, trust=new.provenance.trust)
        new = replace(new, summary=summary, **content)  # type: ignore[arg-type]
        session.update(stored, new, Change("changed", "ann"))


def use(backend: PatternBackend, id: str, agent_id: str = "", *, success: bool = True) -> None:
    """Records one use of a pattern and what its uses add up to."""
    with backend.writing() as session:
        (stored,) = session.get_many([id])
        session.add_use(stored, PatternUsageContext(success=success, agent_id=agent_id))
        counts = session.agent_counts(stored.key)
        summary = use_summary(counts, base_quality=stored.base_quality, trust=stored.trust)
        session.set_summary(stored.key, summary)


class PowerCutError(Exception):
    """What ends a session that must leave nothing behind."""


def interrupted(backend: PatternBackend, work: Callable[[PatternWriter], object]) -> None:
    """Does the work in a session that then fails."""
    with backend.writing() as session:
        work(session)
        raise PowerCutError


def stored_in(backend: PatternBackend, id: str) -> StoredPattern:
    """Returns the stored pattern with this id."""
    with backend.reading() as session:
        (stored,) = session.get_many([id])
    return stored


def ids_in(backend: PatternBackend) -> list[str]:
    """Returns the ids of all patterns, by age."""
    with backend.reading() as session:
        return [pattern.id for pattern in session.iterate(ANYTHING)]


def query_of(text: str, mode: SearchMode = "hybrid") -> SearchQuery:
    """Returns a query as the bank asks it."""
    embedding = QueryEmbedding.without_pieces(ENCODER.encode_query(text))
    return SearchQuery(text, tuple(query_terms(text)), None if mode == "text" else embedding, mode)


def look(
    backend: PatternBackend,
    text: str,
    mode: SearchMode = "hybrid",
    *,
    criteria: PatternSearchCriteria = ANYTHING,
    depth: int = 100,
) -> Candidates:
    """Returns the candidates for a query."""
    with backend.reading() as session:
        return session.candidates(query_of(text, mode), criteria, depth=depth)


def ids_of(candidates: Candidates) -> list[str]:
    """Returns the ids of candidates, by age."""
    return [fact.id for _, fact in sorted(candidates.facts.items())]


def scores_of(candidates: Candidates) -> dict[str, float]:
    """Returns the BM25 of candidates by id."""
    return {candidates.facts[key].id: score for key, score in candidates.bm25.items()}


def names(stored: Sequence[StoredPattern]) -> list[str]:
    """Returns the ids of stored patterns."""
    return [each.pattern.id for each in stored]
