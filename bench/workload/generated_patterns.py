"""Generates patterns that behave as real ones do when they are searched for.

Vectors: a mixture of topics of Zipf-like sizes, with the spectrum of real embeddings. Of 23,450
texts (SciFact, CoSQA and test suites) embedded with the default encoder, the first k principal
components hold 0.21 (k = 10), 0.51 (50), 0.72 (100) and 0.92 (200) of the variance, and the best
answer to a real query has a cosine of 0.53 to 0.62; so it is here.

Words: Zipf-like over the whole bank, with words of the topic mixed in, so that frequent words match
nearly everything and rare ones a few patterns. Code is real enough to be parsed and scored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...models.vector import Vector
from ...schema import Category, Framework, Language, TestPattern

__all__ = ["DIMENSION", "SEED", "GeneratedQuery", "PatternGenerator"]

SEED = 20261123
DIMENSION = 384
TOPICS = 400
VOCABULARY = 30_000
# Natural text: Zipf 1949; an exponent a little above 1 fits code and prose alike.
ZIPF_EXPONENT = 1.05
TOPIC_WORDS = 120
# Share of a vector's variance that its topic explains, and the decay of the remaining spectrum.
TOPIC_SHARE = 0.5
SPECTRUM_DECAY = 85.0
# A query is mixed from a pattern and noise; its best answers have a cosine of about 0.6.
QUERY_SHARE = 0.62

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
    """A query's text and its embedding ``(dim,)`` float32."""

    text: str
    embedding: Vector


class PatternGenerator:
    """Generates patterns, their vectors and queries; the same ones for the same seed.

    Args:
        count: Patterns in the bank.

    Attributes:
        topics: The topic of each pattern, ``(count,)``.
        vectors: The vector of each pattern, ``(count, dim)`` float32, unit rows.
    """

    def __init__(self, count: int, *, seed: int = SEED) -> None:
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
        """Returns unit vectors ``(count, dim)`` float32."""
        noise = self._noise(rng, self.count)
        mixed = np.sqrt(TOPIC_SHARE) * self._centers[self.topics] + np.sqrt(1 - TOPIC_SHARE) * noise
        mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
        return np.ascontiguousarray(mixed, dtype=np.float32)

    def _noise(self, rng: np.random.Generator, count: int) -> Vector:
        raw = rng.standard_normal((count, DIMENSION), dtype=np.float32) * self._scale
        rotated = raw @ self._rotation
        unit = rotated / np.linalg.norm(rotated, axis=1, keepdims=True)
        return np.asarray(unit, dtype=np.float32)

    def _draw_words(self, rng: np.random.Generator, topic: int, count: int) -> list[str]:
        """Returns words, four in ten of them from the topic."""
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
            source=f"tests/topic{topic}.py:{number + 1}",
        )


def _vocabulary(rng: np.random.Generator) -> list[str]:
    """Returns distinct pronounceable words, the short ones first as in a natural language."""
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
