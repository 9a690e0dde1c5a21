"""Reads and writes one state of a bank in memory."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np

from aqe.models.vector import Vector
from aqe.retrieval.storage.activity_values import (
    QUALITY_STEPS,
    AgentUses,
    PatternUses,
    ProjectFacts,
    UseCount,
    UseTotals,
)
from aqe.retrieval.storage.storage_values import (
    BankStatistics,
    CandidateFacts,
    Candidates,
    Change,
    Forgotten,
    Inserted,
    PatternContent,
    PatternPlace,
    SearchQuery,
    SortKey,
    StoredPattern,
)
from aqe.retrieval.storage.use_summary import UNPROVEN, AgentCount, UseSummary
from aqe.retrieval.text.minhash import MIN_SIMILARITY, similarity
from aqe.retrieval.text.pattern_text import content_hash, is_from
from aqe.schema import (
    ContextPart,
    EncoderIdentity,
    PatternSearchCriteria,
    PatternUsageContext,
    PatternVersion,
    Problem,
    TestPattern,
    agent_key,
    utc_now,
)

from .memory_state import (
    Embedding,
    State,
    best_keys,
    checked,
    counted,
    derived_of,
    folded,
    groups,
    is_by,
    mean,
    meets,
)

_ORDER: dict[SortKey, Callable[[StoredPattern], float]] = {
    "evidence": lambda stored: stored.evidence,
    "quality": lambda stored: stored.pattern.quality,
    "usage": lambda stored: stored.pattern.usage_count,
    "created": lambda stored: stored.pattern.created_at.timestamp(),
}


def _tier(stored: StoredPattern) -> int:
    return 2 if stored.pattern.gone_since else int(stored.trust == UNPROVEN)


def _is_extracted(pattern: TestPattern) -> bool:
    return pattern.provenance is not None and pattern.provenance.origin == "extracted"


class MemorySession:
    """One state of the bank, read or changed; see ``PatternWriter``."""

    def __init__(self, state: State, encoder: EncoderIdentity) -> None:
        self._state = state
        self._encoder = encoder

    def get_many(self, ids: Sequence[str]) -> list[StoredPattern]:
        wanted = set(ids)
        return [stored for stored in self._state.rows.values() if stored.pattern.id in wanted]

    def unreadable(self, ids: Sequence[str]) -> list[str]:
        return []

    def patterns_of(self, keys: Sequence[int]) -> dict[int, TestPattern]:
        rows = self._state.rows
        return {key: rows[key].pattern for key in keys if key in rows}

    def select(
        self,
        criteria: PatternSearchCriteria,
        *,
        order: SortKey,
        limit: int | None = None,
        any_tag: Sequence[str] | None = None,
    ) -> list[StoredPattern]:
        tags = folded(any_tag or ())

        def place(stored: StoredPattern) -> tuple[Any, ...]:
            pattern, hits = stored.pattern, len(tags & folded(stored.pattern.tags))
            quality = pattern.quality if order == "evidence" else 0.0
            tier = _tier(stored) if order == "evidence" or any_tag is not None else 0
            return tier, -hits, -_ORDER[order](stored), -quality, pattern.id

        found = [stored for stored in self._state.rows.values() if meets(stored.pattern, criteria)]
        if any_tag is not None:
            found = [stored for stored in found if tags & folded(stored.pattern.tags)]
        return sorted(found, key=place)[:limit]

    def iterate(self, criteria: PatternSearchCriteria) -> Iterator[TestPattern]:
        patterns = (stored.pattern for stored in self._state.rows.values())
        return (pattern for pattern in patterns if meets(pattern, criteria))

    def ids_with_prefix(self, prefix: str, limit: int | None = None) -> list[str]:
        ids = sorted(stored.pattern.id for stored in self._state.rows.values())
        return [id for id in ids if id.startswith(prefix)][:limit]

    def candidates(
        self, query: SearchQuery, criteria: PatternSearchCriteria, *, depth: int
    ) -> Candidates:
        rows = self._state.rows
        depth += sum(stored.trust == UNPROVEN for stored in rows.values())
        depth += sum(stored.pattern.gone_since is not None for stored in rows.values())
        passing = [key for key, stored in rows.items() if meets(stored.pattern, criteria)]
        bm25 = {} if query.mode == "vector" else self._bm25(query.terms, passing)
        keys = set(best_keys(bm25, depth))
        has_vectors = query.embedding is not None and query.mode != "text"
        if query.embedding is not None and has_vectors:
            unit = checked(query.embedding.whole, self._encoder.dimension)
            embedded, vectors = self._unit_vectors(passing)
            cosines = np.einsum("ij,j->i", vectors, unit / np.linalg.norm(unit)).tolist()
            keys |= set(best_keys(dict(zip(embedded, cosines, strict=True)), depth))
        found = sorted(keys)
        embedded, vectors = self._unit_vectors(found)
        return Candidates(
            {key: self._facts(key) for key in found},
            {key: bm25[key] for key in found if key in bm25},
            embedded if has_vectors else (),
            vectors if has_vectors else None,
            len(found) < depth,
        )

    def embedding(self, key: int) -> Vector | None:
        found = self._state.embeddings.get((self._encoder, key))
        return None if found is None else found.vector

    def embedded_hashes(self, ids: Sequence[str]) -> dict[str, str]:
        embeddings = self._state.embeddings
        return {
            stored.pattern.id: embeddings[self._encoder, stored.key].text_hash
            for stored in self.get_many(ids)
            if (self._encoder, stored.key) in embeddings
        }

    def uses(self, id: str, limit: int) -> list[PatternUsageContext]:
        keys = self._keys([id])
        latest_first = reversed([use for key, use in self._state.uses if key in keys])
        return sorted(latest_first, key=lambda use: use.used_at, reverse=True)[:limit]

    def agent_counts(self, key: int, content_hash: str | None = None) -> list[AgentCount]:
        wanted = (key, content_hash or self._hash_of(key))
        return sorted(count for at, count in self._state.counts.items() if at[:2] == wanted)

    def versions(self, id: str) -> list[PatternVersion]:
        keys = self._keys([id])
        found = [version for key, version, _ in self._state.versions if key in keys]
        return sorted(found, key=lambda version: -version.version_number)

    def count_unproven(self, agent_id: str) -> int:
        return sum(
            stored.trust == UNPROVEN
            and agent_key(stored.provenance.agent_id) == agent_key(agent_id)
            for stored in self._state.rows.values()
        )

    def written_by(
        self, *, source: str = "", project: str = "", agent_id: str = "", run_id: str = ""
    ) -> list[str]:
        def is_placed(pattern: TestPattern) -> bool:
            in_source = is_from(pattern.source, source) if source else project != ""
            return in_source and project in ("", pattern.project)

        return [
            stored.pattern.id
            for stored in self._state.rows.values()
            if is_by(stored.provenance, agent_id, run_id) or is_placed(stored.pattern)
        ]

    def projects(self) -> dict[str, str]:
        return dict(sorted(self._state.projects.items(), key=lambda item: item[1]))

    def places(self, project: str) -> list[PatternPlace]:
        patterns = [stored.pattern for stored in self._state.rows.values()]
        return [
            PatternPlace(
                pattern.id,
                pattern.source,
                pattern.framework,
                bool(pattern.gone_since),
                pattern.created_at,
            )
            for pattern in patterns
            if pattern.project == project and pattern.source is not None and _is_extracted(pattern)
        ]

    def used_by(self, agent_id: str) -> list[StoredPattern]:
        used = {key for key, _, agent in self._state.counts if agent == agent_key(agent_id)}
        return [stored for key, stored in self._state.rows.items() if key in used]

    def settled_at(self, project: str) -> datetime | None:
        return self._state.settled.get(project)

    def set_settled(self, projects: Sequence[str], at: datetime) -> None:
        known = set(self._state.projects.values())
        self._state.settled |= dict.fromkeys(known.intersection(projects), at)

    def count_traces(
        self, *, ids: Sequence[str] = (), agent_id: str = "", run_id: str = ""
    ) -> Forgotten:
        keys, agent = self._keys(ids), agent_key(agent_id)
        return Forgotten(
            sum(
                key not in keys and is_by(author, agent_id, run_id)
                for key, _, author in self._state.versions
            ),
            sum(
                agent != "" and key not in keys and agent_key(use.agent_id) == agent
                for key, use in self._state.uses
            ),
        )

    def statistics(self, project: str = "") -> BankStatistics:
        rows = {
            key: stored
            for key, stored in self._state.rows.items()
            if project in ("", stored.pattern.project)
        }
        patterns = [stored.pattern for stored in rows.values()]
        uses = sum(pattern.usage_count for pattern in patterns)
        successes = sum(stored.success_count for stored in rows.values())
        return BankStatistics(
            patterns=len(patterns),
            uses=uses,
            versions=sum(key in rows for key, *_ in self._state.versions),
            average_quality=mean([pattern.quality for pattern in patterns]),
            average_confidence=mean([pattern.confidence for pattern in patterns]),
            average_success_rate=successes / uses if uses else None,
            never_used_share=mean([float(pattern.usage_count == 0) for pattern in patterns]),
            by_category=groups(pattern.category for pattern in patterns),
            by_framework=groups(pattern.framework for pattern in patterns),
            by_language=groups(pattern.language for pattern in patterns),
            by_project=groups(pattern.project for pattern in patterns),
            gone=sum(pattern.gone_since is not None for pattern in patterns),
            unproven=sum(stored.trust == UNPROVEN for stored in rows.values()),
        )

    def project_facts(self, project: str = "") -> list[ProjectFacts]:
        facts = []
        for name, patterns in groups(p.project for p in self._patterns(project)).items():
            mine = self._patterns(name) if name else [p for p in self._patterns() if not p.project]
            times = [pattern.updated_at for pattern in mine if _is_extracted(pattern)]
            times += [self._state.settled[name]] if name in self._state.settled else []
            gone = sum(pattern.gone_since is not None for pattern in mine)
            facts.append(ProjectFacts(name, patterns, gone, max(times, default=None)))
        return facts

    def quality_counts(self, project: str = "") -> list[int]:
        steps = [
            min(int(pattern.quality * QUALITY_STEPS), QUALITY_STEPS - 1)
            for pattern in self._patterns(project)
        ]
        return [steps.count(step) for step in range(QUALITY_STEPS)]

    def use_totals(self, since: datetime, project: str = "") -> UseTotals:
        used = self._used(project)
        active = sum(any(use.used_at > since for use in uses) for uses in used.values())
        return UseTotals(
            sum(map(len, used.values())),
            sum(use.success for uses in used.values() for use in uses),
            active,
            len(used) - active,
            len(self._patterns(project)) - len(used),
        )

    def use_counts(self, bounds: Sequence[datetime], project: str = "") -> list[UseCount]:
        counts = []
        for since, until in pairwise(bounds):
            uses = [use for uses in self._used(project, since, until).values() for use in uses]
            counts.append(UseCount(len(uses), sum(use.success for use in uses)))
        return counts

    def most_used(
        self, since: datetime, until: datetime, *, limit: int, project: str = ""
    ) -> list[PatternUses]:
        found = [self._uses_of(*used) for used in self._used(project, since, until).items()]
        return sorted(found, key=lambda uses: (-uses.uses, -uses.successes, uses.id))[:limit]

    def idle_patterns(self, since: datetime, *, limit: int, project: str = "") -> list[PatternUses]:
        found = [self._uses_of(*used) for used in self._used(project).items()]
        idle = [uses for uses in found if uses.last_used_at <= since]
        return sorted(idle, key=lambda uses: (uses.last_used_at, uses.id))[:limit]

    def agent_uses(self, since: datetime, until: datetime, project: str = "") -> list[AgentUses]:
        uses = [use for uses in self._used(project, since, until).values() for use in uses]
        by_agent = groups(agent_key(use.agent_id) for use in uses)
        return [self._agent_uses(agent, uses) for agent in by_agent]

    def insert(self, content: PatternContent) -> Inserted:
        state = self._state
        state.last_key += 1
        key = state.last_key
        own = derived_of(content.pattern)
        others = [derived.signature for derived in state.derived.values()]
        similarities = similarity(own.signature, others)
        repeats = [*state.rows][int(similarities.argmax())] if others else key
        is_repeat = bool(others) and similarities.max() >= MIN_SIMILARITY
        near_duplicate = state.rows[repeats].pattern.id if is_repeat else None
        self._write(key, content, content.pattern)
        return Inserted(key, near_duplicate)

    def update(self, stored: StoredPattern, content: PatternContent, change: Change) -> None:
        before, now = stored.pattern, utc_now()
        version = PatternVersion(
            pattern=before,
            version_number=before.version,
            change_description=change.description,
            created_by=change.created_by,
            created_at=now,
        )
        self._state.versions.append((stored.key, version, stored.provenance))
        pattern = replace(
            content.pattern,
            id=before.id,
            project=content.pattern.project or before.project,
            version=before.version + 1,
            created_at=before.created_at,
            updated_at=now,
        )
        self._write(stored.key, content, pattern)

    def set_place(
        self,
        key: int,
        *,
        source: str,
        project: str,
        context: Sequence[ContextPart] | None = None,
    ) -> None:
        stored = self._state.rows[key]
        placed = replace(stored.pattern, source=source, project=project, gone_since=None)
        if context is not None:
            placed = replace(placed, context=tuple(context))
        self._state.rows[key] = replace(stored, pattern=placed)

    def set_gone(self, ids: Sequence[str], since: datetime) -> int:
        found = [stored for stored in self.get_many(ids) if stored.pattern.gone_since is None]
        for stored in found:
            gone = replace(stored.pattern, gone_since=since)
            self._state.rows[stored.key] = replace(stored, pattern=gone)
        return len(found)

    def put_project(self, key: str, name: str) -> None:
        others = {at: other for at, other in self._state.projects.items() if other != name}
        self._state.projects = others | {key: name}

    def rename(self, stored: StoredPattern, id: str) -> StoredPattern:
        renamed = replace(stored.pattern, id=id)
        after = replace(stored, pattern=renamed, content_hash=content_hash(renamed))
        self._state.rows[stored.key] = after
        self.carry_uses(after, stored.content_hash)
        return after

    def inherit(self, heir: StoredPattern, stored: StoredPattern, change: Change) -> None:
        state, before = self._state, stored.pattern
        version = PatternVersion(
            pattern=before,
            version_number=before.version,
            change_description=change.description,
            created_by=change.created_by,
            created_at=utc_now(),
        )
        state.versions.append((stored.key, version, stored.provenance))
        state.versions = [
            (heir.key if key == stored.key else key, version, author)
            for key, version, author in state.versions
        ]
        state.uses = [(heir.key if at == stored.key else at, use) for at, use in state.uses]
        for at in [at for at in state.counts if at[0] == stored.key]:
            state.counts[heir.key, at[1], at[2]] = state.counts.pop(at)
        pattern = state.rows[heir.key].pattern
        inherited = replace(pattern, version=before.version + 1, created_at=before.created_at)
        state.rows[heir.key] = replace(state.rows[heir.key], pattern=inherited)
        self.carry_uses(heir, stored.content_hash)
        self.delete([before.id])

    def carry_uses(self, stored: StoredPattern, content_hash: str) -> None:
        state, key = self._state, stored.key
        state.uses = [
            (at, replace(use, content_hash=stored.content_hash))
            if at == key and use.content_hash == content_hash
            else (at, use)
            for at, use in state.uses
        ]
        for at, count in [*state.counts.items()]:
            if at[:2] == (key, content_hash) and content_hash != stored.content_hash:
                to = (key, stored.content_hash, at[2])
                known = state.counts.get(to, AgentCount(at[2], 0, 0))
                state.counts[to] = AgentCount(
                    at[2],
                    known.success_count + count.success_count,
                    known.usage_count + count.usage_count,
                )
                del state.counts[at]

    def add_use(self, stored: StoredPattern, use: PatternUsageContext) -> None:
        self._state.uses.append((stored.key, replace(use, content_hash=stored.content_hash)))
        agent = agent_key(use.agent_id)
        at = (stored.key, stored.content_hash, agent)
        before = self._state.counts.get(at, AgentCount(agent, 0, 0))
        self._state.counts[at] = AgentCount(
            agent, before.success_count + use.success, before.usage_count + 1
        )

    def set_summary(self, key: int, summary: UseSummary) -> None:
        stored = self._state.rows[key]
        author = replace(stored.provenance, trust=summary.trust)
        self._state.rows[key] = replace(
            stored,
            pattern=replace(counted(stored.pattern, summary), provenance=author),
            success_count=summary.success_count,
            evidence=summary.evidence,
            provenance=author,
        )

    def delete(self, ids: Iterable[str]) -> int:
        state, keys = self._state, self._keys(ids)
        for key in keys:
            del state.rows[key], state.derived[key]
        state.embeddings = {at: kept for at, kept in state.embeddings.items() if at[1] not in keys}
        state.counts = {at: count for at, count in state.counts.items() if at[0] not in keys}
        state.uses = [(key, use) for key, use in state.uses if key not in keys]
        state.versions = [version for version in state.versions if version[0] not in keys]
        return len(keys)

    def forget(
        self,
        *,
        ids: Sequence[str] = (),
        source: str = "",
        project: str = "",
        agent_id: str = "",
        run_id: str = "",
    ) -> Forgotten:
        state, before = self._state, Forgotten(len(self._state.versions), len(self._state.uses))
        state.versions = [kept for kept in state.versions if not is_by(kept[2], agent_id, run_id)]
        if agent := agent_key(agent_id):
            state.uses = [(key, use) for key, use in state.uses if agent_key(use.agent_id) != agent]
            state.counts = {at: count for at, count in state.counts.items() if at[2] != agent}
        return Forgotten(before.versions - len(state.versions), before.uses - len(state.uses))

    def unembedded(self, encoder: EncoderIdentity, limit: int) -> dict[int, TestPattern]:
        embeddings = self._state.embeddings
        missing = [key for key in self._state.rows if (encoder, key) not in embeddings]
        return self.patterns_of(missing[:limit])

    def put_embedding(
        self, encoder: EncoderIdentity, key: int, embedding: Vector, text_hash: str
    ) -> None:
        own = checked(embedding, encoder.dimension)
        self._state.embeddings[encoder, key] = Embedding(own, text_hash)

    def switch_encoder(self, encoder: EncoderIdentity) -> int:
        state = self._state
        state.encoder = encoder
        state.embeddings = {at: kept for at, kept in state.embeddings.items() if at[0] == encoder}
        return len(state.embeddings)

    def rebuild_text_index(self) -> None:
        rows = self._state.rows
        self._state.derived = {key: derived_of(stored.pattern) for key, stored in rows.items()}

    def problems(self) -> list[Problem]:
        """Returns what ``check`` finds."""
        state = self._state
        return [
            Problem("words", "its words are not those of its content", "rebuild", stored.pattern.id)
            for key, stored in state.rows.items()
            if state.derived[key] != derived_of(stored.pattern)
        ] + [
            Problem("embedding", "has no embedding", "rebuild", pattern.id)
            for pattern in self.unembedded(self._encoder, len(state.rows)).values()
        ]

    def _patterns(self, project: str = "") -> list[TestPattern]:
        patterns = [stored.pattern for stored in self._state.rows.values()]
        return [pattern for pattern in patterns if project in ("", pattern.project)]

    def _used(
        self, project: str, since: datetime | None = None, until: datetime | None = None
    ) -> dict[int, list[PatternUsageContext]]:
        """Returns the uses in a range by the key of their pattern."""
        found: dict[int, list[PatternUsageContext]] = {}
        for key, use in self._state.uses:
            is_later = since is None or use.used_at > since
            is_earlier = until is None or use.used_at <= until
            if is_later and is_earlier and project in ("", self._state.rows[key].pattern.project):
                found.setdefault(key, []).append(use)
        return found

    def _uses_of(self, key: int, uses: Sequence[PatternUsageContext]) -> PatternUses:
        pattern = self._state.rows[key].pattern
        return PatternUses(
            *(pattern.id, pattern.name, pattern.project, pattern.framework, len(uses)),
            sum(use.success for use in uses),
            max(use.used_at for use in uses),
        )

    def _agent_uses(self, agent: str, uses: Sequence[PatternUsageContext]) -> AgentUses:
        own = [use for use in uses if agent_key(use.agent_id) == agent]
        successes = sum(use.success for use in own)
        return AgentUses(agent, len(own), successes, max(use.used_at for use in own))

    def _hash_of(self, key: int) -> str:
        stored = self._state.rows.get(key)
        return "" if stored is None else stored.content_hash

    def _keys(self, ids: Iterable[str]) -> set[int]:
        return {stored.key for stored in self.get_many(list(ids))}

    def _write(self, key: int, content: PatternContent, pattern: TestPattern) -> None:
        state, summary = self._state, content.summary
        if content.embedding is not None:  # other encoders must embed the new text too
            own = checked(content.embedding, self._encoder.dimension)
            state.embeddings = {at: kept for at, kept in state.embeddings.items() if at[1] != key}
            state.embeddings[self._encoder, key] = Embedding(own, content.text_hash)
        author = replace(content.provenance, trust=summary.trust)
        state.derived[key] = derived_of(pattern)
        state.rows[key] = StoredPattern(
            key=key,
            pattern=replace(counted(pattern, summary), provenance=author),
            content_hash=content.content_hash,
            base_quality=content.base_quality,
            success_count=summary.success_count,
            evidence=summary.evidence,
            provenance=author,
        )

    def _facts(self, key: int) -> CandidateFacts:
        stored = self._state.rows[key]
        pattern, own = stored.pattern, self._state.derived[key].signature
        kinds = (pattern.category, pattern.framework, pattern.language, " ".join(pattern.tags))
        measures = (pattern.quality, stored.evidence, own, stored.trust)
        gone = int(pattern.gone_since is not None)
        return CandidateFacts(key, pattern.id, pattern.name, *kinds, *measures, gone)

    def _unit_vectors(self, keys: Sequence[int]) -> tuple[list[int], Vector]:
        found = {key: vector for key in keys if (vector := self.embedding(key)) is not None}
        matrix = np.array([*found.values()], dtype=np.float32)
        matrix = matrix.reshape(len(found), self._encoder.dimension)
        return list(found), matrix / np.linalg.norm(matrix, axis=1, keepdims=True)

    def _bm25(self, terms: Sequence[str], keys: Sequence[int]) -> dict[int, float]:
        """Returns BM25 with k1 = 1.2 and b = 0.75 of those that hold a term."""
        documents = {key: derived.words for key, derived in self._state.derived.items()}
        mean_length = mean([words.total() for words in documents.values()]) or 1.0
        scores: defaultdict[int, float] = defaultdict(float)
        for term in terms:
            holders = sum(words[term] > 0 for words in documents.values())
            rarity = math.log1p((len(documents) - holders + 0.5) / (holders + 0.5))
            for key in keys:
                count, length = documents[key][term], documents[key].total() / mean_length
                if count:
                    scores[key] += rarity * 2.2 * count / (count + 0.3 + 0.9 * length)
        return dict(scores)
