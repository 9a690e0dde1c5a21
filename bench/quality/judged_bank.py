"""Fills a real bank with the documents of a judged set and searches it as a user does."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from ...models import Encoder
from ...retrieval import QEReasoningBank, SearchMode
from ...schema import AqeError, Database, TestPattern, stable_id
from ...schema.records.patterns import MAX_NAME_CHARS
from .beir import Document, JudgedSet

__all__ = ["DocumentField", "JudgedBank", "Loading", "document_pattern", "open_judged_bank"]

DocumentField = Literal["description", "template"]

# Below a pattern's own limit of 256 KiB, with room for the marks that replace secrets.
MAX_TEXT_BYTES = 200_000
# A document without a title is named by this many of its first words.
NAME_WORDS = 8
# Patterns stored in one transaction; an interrupted run keeps its embeddings in the cache.
LOAD_BATCH = 1_024


@dataclass(frozen=True, slots=True)
class Loading:
    """Counts of the documents by what became of them, and the time it took.

    Attributes:
        stored: Patterns in the bank afterwards.
        empty: Documents with neither title nor text, which cannot be stored.
        cut: Documents above the size limit, of which the beginning is stored.
        rejected: Documents that the bank refused.
        duration_s: Time to store all of them, embedding included.
    """

    stored: int
    empty: int
    cut: int
    rejected: int
    duration_s: float


class JudgedBank:
    """A bank whose patterns are documents; see ``open_judged_bank``."""

    def __init__(
        self, bank: QEReasoningBank, documents: dict[str, str], loading: Loading, *, group: bool
    ) -> None:
        self.bank = bank
        self._group = group
        self.loading = loading
        self._documents = documents  # document id by pattern id
        self._patterns = {document: pattern for pattern, document in documents.items()}

    def search(self, query: str, *, mode: SearchMode = "hybrid", limit: int = 10) -> list[str]:
        """Returns the ids of the documents found, best first."""
        matches = self.bank.search(query, mode=mode, limit=limit, group=self._group)
        return [self._documents[match.pattern.id] for match in matches]

    def pattern_id(self, document_id: str) -> str | None:
        """Returns the id of a document's pattern; None if it was not stored."""
        return self._patterns.get(document_id)


@contextmanager
def open_judged_bank(
    judged: JudgedSet,
    *,
    field: DocumentField,
    encoder: Encoder,
    database: Path | None = None,
    group: bool = True,
    progress: Callable[[int], None] | None = None,
) -> Iterator[JudgedBank]:
    """Yields a bank with the documents of a judged set, in a file that is deleted afterwards.

    Args:
        field: Where the documents' text goes: ``description`` for prose, ``template`` for code.
        database: A file to keep the bank in; it may already hold these documents, nothing else.
        group: Whether near-identical patterns make room for others, as in a search by default.
        progress: Called with the number of documents stored since the last call.

    Raises:
        AqeError: The bank holds other patterns, or has no vector index.
    """
    with tempfile.TemporaryDirectory(prefix="aqe-bench-") as folder:
        path = database or Path(folder, "aqe.db")
        with (
            Database(path, durability="normal") as opened,
            QEReasoningBank(opened, encoder=encoder) as bank,
        ):
            if not opened.has_vectors:
                raise AqeError(
                    "the vector leg needs sqlite-vec, which did not load; see: aqe db check"
                )
            yield _loaded(bank, judged, field, progress, group=group)


def document_pattern(document: Document, field: DocumentField) -> tuple[TestPattern | None, bool]:
    """Returns the pattern for a document, None if it is empty, and whether its text was cut.

    The title becomes the name. Without one, prose is named by its first 8 words and code by its
    first line. All patterns have one category, framework and language, so that the rule scores do
    not tell documents apart.
    """
    data = document.text.encode("utf-8", "replace")
    text = data[:MAX_TEXT_BYTES].decode("utf-8", "ignore")
    name = _name(document, field)
    if not name:
        return None, False
    has_text = bool(text.strip())
    pattern = TestPattern(
        id=stable_id("document", document.id),
        name=name,
        description=text if field == "description" and has_text else "" if has_text else name,
        template=text if field == "template" and has_text else "",
        category="unit",
        framework="pytest",
        language="python",
        source=document.id,
    )
    return pattern, len(data) > MAX_TEXT_BYTES


def _name(document: Document, field: DocumentField) -> str:
    name = " ".join(document.title.split())
    if not name and field == "description":
        name = " ".join(document.text.split(maxsplit=NAME_WORDS)[:NAME_WORDS])
    elif not name:
        lines = (line.strip() for line in document.text.splitlines())
        name = next((line for line in lines if line), "")
    return name[:MAX_NAME_CHARS].strip()


def _loaded(
    bank: QEReasoningBank,
    judged: JudgedSet,
    field: DocumentField,
    progress: Callable[[int], None] | None,
    *,
    group: bool,
) -> JudgedBank:
    prepared = [(document.id, *document_pattern(document, field)) for document in judged.documents]
    patterns = [pattern for _, pattern, _ in prepared if pattern is not None]
    started = time.perf_counter()
    rejected = 0
    remaining = iter(patterns)
    while batch := list(islice(remaining, LOAD_BATCH)):
        rejected += bank.store_patterns(batch).rejected
        if progress is not None:
            progress(len(batch))
    duration_s = time.perf_counter() - started
    stored = bank.get_statistics().patterns
    if stored != len(patterns) - rejected:
        raise AqeError(
            f"the bank must hold the {len(patterns) - rejected} documents and nothing else, it"
            f" holds {stored} patterns; give --db a new file"
        )
    loading = Loading(
        stored=stored,
        empty=len(prepared) - len(patterns),
        cut=sum(cut for _, _, cut in prepared),
        rejected=rejected,
        duration_s=duration_s,
    )
    documents = {pattern.id: id for id, pattern, _ in prepared if pattern is not None}
    return JudgedBank(bank, documents, loading, group=group)
