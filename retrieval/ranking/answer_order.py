"""Puts the answers of a search in an order whose first k are the same for every limit.

A search looks at the bank once or several times, each time deeper, until it has enough answers. The
candidates of a deeper look include better ones, but an answer that a small limit shows may not move
in a larger one. So each look only appends: to as many answers as it was deep.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...schema import TRUSTED
from ..storage.storage_values import CandidateFacts, Candidates
from ..text.minhash import group
from .fusion import Fused
from .ranking_tuning import RankingTuning

__all__ = ["AnswerOrder", "standing_of"]

_Standing = tuple[int, bool]
_TRUSTED: _Standing = (0, False)


def standing_of(facts: CandidateFacts) -> _Standing:
    """Returns by what a candidate is ordered first: unproven ones last, after them gone ones."""
    return facts.gone, facts.trust != TRUSTED


class AnswerOrder:
    """The answers of one search, best first, as the looks of the search extend them.

    Trusted candidates come first, in the order of the looks that found them; all others follow at
    the end, when no deeper look finds more trusted ones. Near-duplicates of an answer make room for
    other answers: the first look leaves them out, the second puts them behind all others that it
    found. Later looks do not compare: so long an answer is a list, and comparing costs its square.

    Args:
        limit: The number of answers wanted.
        grouped: Whether near-duplicates make room.

    Attributes:
        answers: At most ``limit``. Scores descend among answers of one standing: what only a deeper
            look found has at most the score of the answer before it.
        facts: Those of every candidate that was found, by key.
        is_complete: Whether there are ``limit`` answers, or no more to find.
    """

    def __init__(self, limit: int, *, grouped: bool, tuning: RankingTuning) -> None:
        self.answers: list[Fused] = []
        self.facts: dict[int, CandidateFacts] = {}
        self.is_complete = False
        self._limit = limit
        self._grouped_depth = tuning.grouped_depth if grouped else 0
        self._first_depth = tuning.candidates_per_leg
        self._shown: dict[int, _Standing] = {}
        self._repeats: dict[int, list[int]] = {}

    def extend(self, fused: Sequence[Fused], candidates: Candidates, depth: int) -> None:
        """Appends the answers of the next look.

        Args:
            fused: Its candidates, best first, by standing.
            candidates: The same, as they were found.
            depth: Its depth. If it found fewer trusted candidates than that, there are no more.
        """
        self.facts |= candidates.facts
        standings = {key: standing_of(facts) for key, facts in candidates.facts.items()}
        trusted = sum(standing == _TRUSTED for standing in standings.values())
        is_last = candidates.is_all or trusted < depth
        new = [
            answer
            for answer in fused
            if answer.key not in self._shown and (is_last or standings[answer.key] == _TRUSTED)
        ]
        if depth <= self._grouped_depth:
            repeated = self._group(new)
            if depth <= self._first_depth and not is_last:
                new = [answer for answer in new if answer.key not in repeated]
            new.sort(key=lambda answer: (standings[answer.key], answer.key in repeated))
        end = self._limit if is_last else min(self._limit, depth)
        for answer in new[: max(0, end - len(self.answers))]:
            self._append(answer, standings[answer.key])
        self.is_complete = is_last or len(self.answers) >= self._limit

    def hidden_behind(self, key: int) -> list[int]:
        """Returns the near-duplicates of an answer that are no answers themselves."""
        return [repeat for repeat in self._repeats.get(key, ()) if repeat not in self._shown]

    def _group(self, new: Sequence[Fused]) -> set[int]:
        """Returns the keys of those that are near-duplicates of earlier ones, and notes of which.

        What follows the last answer that is wanted is not compared.
        """
        keys = [*self._shown, *(answer.key for answer in new)]
        signatures = [self.facts[key].signature for key in keys]
        places = group(signatures, self._limit)
        self._repeats = {keys[first]: [keys[at] for at in rest] for first, rest in places.items()}
        return {key for repeats in self._repeats.values() for key in repeats}

    def _append(self, answer: Fused, standing: _Standing) -> None:
        if self.answers and self._shown[self.answers[-1].key] == standing:
            answer = answer._replace(score=min(answer.score, self.answers[-1].score))
        self.answers.append(answer)
        self._shown[answer.key] = standing
