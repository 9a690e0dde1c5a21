"""A generator of patterns that behave as real ones do when they are searched for.

Vectors: a mixture of topics of Zipf-like sizes, with the spectrum of real embeddings. Of 23,450
texts (SciFact, CoSQA and test suites) embedded with the default encoder, the first k principal
components hold 0.21 (k = 10), 0.51 (50), 0.72 (100) and 0.92 (200) of the variance, and the best
answer to a real query has a cosine of 0.53 to 0.62; so it is here.

Words: Zipf-like over the whole bank, with words of the topic mixed in, so that frequent words match
nearly everything and rare ones a few patterns. Code is real enough to be parsed and scored.
"""

from __future__ import annotations

import itertools
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...models import QueryEmbedding, Vector
from ...retrieval import QEReasoningBank
from ...retrieval.text.pattern_text import embedded_text, text_hash
from ...schema import Category, Framework, Language, TestPattern

__all__ = ["DIMENSION", "GeneratedEncoder", "GeneratedQuery", "PatternGenerator", "fill_bank"]


DIMENSION = 384
TOPICS = 400
VOCABULARY = 30_000
# Natural text: Zipf 1949; an exponent a little above 1 fits code and prose alike.
ZIPF_EXPONENT = 1.05
TOPIC_WORDS = 120
# Share of a vector's length that its topic makes, and the fall of the rest's spectrum.
TOPIC_SHARE = 0.5
SPECTRUM_DECAY = 85.0
# Mixed from a pattern and noise: gives best answers with a cosine of about 0.6.
QUERY_SHARE = 0.62
FILL_BATCH = 2_000

_ONSETS = "b c d f g h j k l m n p r s t v w z br cl dr fl gr pl pr sc sl st tr".split()
_VOWELS = "a e i o u ai ea io ou".split()
# Frameworks with their share of the bank; the last is one pattern in a hundred.
_FRAMEWORKS: tuple[tuple[Framework, Language, float], ...] = (
    ("pytest", "python", 0.45),
    ("unittest", "python", 0.10),
    ("jest", "typescript", 0.20),
    ("vitest", "typescript", 0.10),
    ("mocha", "javascript", 0.08),
    ("playwright", "typescript", 0.04),
    ("cypress", "javascript", 0.02),
    ("ava", "javascript", 0.01),
)
_CATEGORIES: tuple[tuple[Category, float], ...] = (
    ("unit", 0.7),
    ("integration", 0.18),
    ("e2e", 0.06),
    ("performance", 0.03),
    ("security", 0.03),
)


@dataclass(frozen=True, slots=True)
class GeneratedQuery:
    """A query's text and its embedding (dim,)."""

    text: str
    embedding: Vector


class PatternGenerator:
    """Makes patterns, their vectors and queries; the same ones for a seed.

    Args:
        count: Patterns in the bank.
    """

    def __init__(self, count: int, *, seed: int = 20261123) -> None:
        self.count = count
        self._seed = seed
        rng = np.random.default_rng([seed, 0])
        self._words = _vocabulary(rng)
        self._word_cdf = _zipf_cdf(VOCABULARY, ZIPF_EXPONENT)
        self._topic_cdf = _zipf_cdf(TOPICS, 0.7)
        self._topic_words = rng.integers(200, VOCABULARY, (TOPICS, TOPIC_WORDS))
        self._topic_word_cdf = _zipf_cdf(TOPIC_WORDS, 1.0)
        self._scale = np.exp(-np.arange(DIMENSION) / (2 * SPECTRUM_DECAY)).astype(np.float32)
        rotation, _ = np.linalg.qr(rng.standard_normal((DIMENSION, DIMENSION)))
        self._rotation = rotation.astype(np.float32)
        self._centers = self._noise(rng, TOPICS)
        self.topics = np.searchsorted(self._topic_cdf, rng.random(count))
        self.vectors = self._vectors(rng)

    def patterns(self) -> Iterator[TestPattern]:
        """Yields the patterns, in the order of ``vectors``."""
        rng = np.random.default_rng([self._seed, 1])
        framework_cdf = np.cumsum([share for *_, share in _FRAMEWORKS])
        category_cdf = np.cumsum([share for _, share in _CATEGORIES])
        for number in range(self.count):
            framework, language, _ = _FRAMEWORKS[_draw(rng, framework_cdf)]
            yield self._pattern(
                rng, number, framework, language, _CATEGORIES[_draw(rng, category_cdf)][0]
            )

    def queries(self, count: int) -> list[GeneratedQuery]:
        """Returns distinct queries, each about one pattern of the bank."""
        rng = np.random.default_rng([self._seed, 2])
        targets = rng.integers(0, self.count, count)
        noise = self._noise(rng, count)
        mixed = QUERY_SHARE * self.vectors[targets] + np.sqrt(1 - QUERY_SHARE**2) * noise
        unit = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
        return [
            GeneratedQuery(
                " ".join(self._draw_words(rng, int(self.topics[target]), int(rng.integers(4, 10)))),
                embedding.astype(np.float32),
            )
            for target, embedding in zip(targets, unit, strict=True)
        ]

    def _vectors(self, rng: np.random.Generator) -> Vector:
        """Returns unit vectors (count, dim)."""
        noise = self._noise(rng, self.count)
        mixed = np.sqrt(TOPIC_SHARE) * self._centers[self.topics] + np.sqrt(1 - TOPIC_SHARE) * noise
        mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
        return np.ascontiguousarray(mixed, dtype=np.float32)

    def _noise(self, rng: np.random.Generator, count: int) -> Vector:
        raw = rng.standard_normal((count, DIMENSION), dtype=np.float32) * self._scale
        turned = raw @ self._rotation
        unit = turned / np.linalg.norm(turned, axis=1, keepdims=True)
        return np.asarray(unit, dtype=np.float32)

    def _draw_words(self, rng: np.random.Generator, topic: int, count: int) -> list[str]:
        """Returns words of which four in ten are those of the topic."""
        common = np.searchsorted(self._word_cdf, rng.random(count))
        own = self._topic_words[topic][np.searchsorted(self._topic_word_cdf, rng.random(count))]
        picked = np.where(rng.random(count) < 0.4, own, common)
        return [self._words[index] for index in picked.tolist()]

    def _pattern(
        self,
        rng: np.random.Generator,
        number: int,
        framework: Framework,
        language: Language,
        category: Category,
    ) -> TestPattern:
        topic = int(self.topics[number])
        statements = int(rng.integers(4, 14))
        words = self._draw_words(rng, topic, 16 + 7 * statements)
        code = (_python if language == "python" else _javascript)(words, statements, number)
        return TestPattern(
            id=f"generated:{number:07d}",
            name=" ".join(words[:4]),
            description=" ".join(words[4:14]),
            category=category,
            framework=framework,
            language=language,
            template=code,
            examples=(code,),
            tags=(f"topic{topic}", words[14], category),
            confidence=round(float(rng.beta(5, 3)), 3),
            usage_count=(uses := int(rng.poisson(1.0))),
            success_rate=float(rng.binomial(uses, 0.8)) / uses if uses else 0.0,
            source=f"tests/topic{topic}.py:{number + 1}",
        )


class GeneratedEncoder:
    """The encoder of a generator: each text has the vector that the generator drew for it."""

    def __init__(self, generator: PatternGenerator, queries: Sequence[GeneratedQuery] = ()) -> None:
        self._vectors = generator.vectors
        self._places: dict[str, int] = {}
        self._queries = {query.text: query.embedding for query in queries}

    @property
    def name(self) -> str:
        """A name that no real encoder has."""
        return "generated"

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        return DIMENSION

    @property
    def revision(self) -> str:
        """The only one."""
        return "1"

    def expect(self, patterns: Sequence[TestPattern], first: int) -> None:
        """Notes the texts of patterns whose vectors begin at place ``first``."""
        for place, pattern in enumerate(patterns, start=first):
            self._places[text_hash(embedded_text(pattern))] = place

    def encode(self, texts: Sequence[str]) -> Vector:
        """Returns the vectors (n, dim) of expected patterns' texts.

        Raises:
            KeyError: A text was not expected.
        """
        places = [self._places[text_hash(text)] for text in texts]
        return np.asarray(self._vectors[places], dtype=np.float32)

    def encode_query(self, text: str) -> Vector:
        """Returns the vector (dim,) of a generated query; of any other text, the first one."""
        found = self._queries.get(text)
        return np.asarray(self._vectors[0] if found is None else found, dtype=np.float32)

    def encode_query_pieces(self, text: str) -> QueryEmbedding:
        """Returns the vector of a query, and for each of its words one that lies half way to it."""
        whole = self.encode_query(text)
        words = tuple(text.split())
        near = whole + self._vectors[[zlib.crc32(w.encode()) % len(self._vectors) for w in words]]
        return QueryEmbedding(whole, words, near / np.linalg.norm(near, axis=1, keepdims=True))


def fill_bank(
    bank: QEReasoningBank,
    generator: PatternGenerator,
    encoder: GeneratedEncoder,
    *,
    note: Callable[[str], None] = lambda _: None,
) -> float:
    """Stores the generator's patterns in batches; returns the seconds that storing took."""
    remaining = generator.patterns()
    first, duration_s = 0, 0.0
    while batch := list(itertools.islice(remaining, FILL_BATCH)):
        encoder.expect(batch, first)
        first += len(batch)
        started = time.perf_counter()
        bank.store_patterns(batch)
        duration_s += time.perf_counter() - started
        note(f"{generator.count} patterns: stored {first}")
    return duration_s


def _vocabulary(rng: np.random.Generator) -> list[str]:
    """Returns distinct pronounceable words, shorter ones first as in a language."""
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        syllables = 2 + min(2, len(words) // 4_000)
        parts = (
            _ONSETS[rng.integers(len(_ONSETS))] + _VOWELS[rng.integers(len(_VOWELS))]
            for _ in range(syllables)
        )
        words["".join(parts)] = None
    return list(words)


def _zipf_cdf(count: int, exponent: float) -> npt.NDArray[np.float64]:
    weights = 1.0 / np.arange(1, count + 1) ** exponent
    cumulated = np.cumsum(weights / weights.sum())
    cumulated[-1] = 1.0
    return cumulated


def _draw(rng: np.random.Generator, cdf: npt.NDArray[np.float64]) -> int:
    return min(int(np.searchsorted(cdf, rng.random())), len(cdf) - 1)


def _python(words: list[str], statements: int, number: int) -> str:
    lines = [f"def test_{words[0]}_{words[1]}_{number}():", f'    """{" ".join(words[4:10])}."""']
    for index in range(statements):
        a, b, c, d, e, f, g = words[16 + 7 * index : 23 + 7 * index]
        lines.append(f"    {a}_{b} = {c}.make_{d}({e}={index}, {f}='{g}')")
    lines.append(f"    assert {words[16]}_{words[17]}.{words[2]}() == {statements}")
    return "\n".join(lines)


def _javascript(words: list[str], statements: int, number: int) -> str:
    lines = [f"test('{words[0]} {words[1]} {number}', async () => {{"]
    for index in range(statements):
        a, b, c, d, e, f, g = words[16 + 7 * index : 23 + 7 * index]
        lines.append(f"  const {a}{b.title()} = {c}.make{d.title()}({e}, '{f} {g}');")
    lines.append(f"  expect({words[16]}{words[17].title()}).toBe({statements});")
    lines.append("});")
    return "\n".join(lines)
