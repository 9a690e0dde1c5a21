"""Reads and writes judged data in BEIR's layout: documents, queries and relevance judgements.

A folder holds ``corpus.jsonl`` ({_id, title, text}), ``queries.jsonl`` ({_id, text}) and the
judgements: ``qrels.tsv`` or, as BEIR ships them, one file a split in ``qrels/`` (query-id,
corpus-id, score, separated by tabs; a header line is optional). Thakur et al. 2021, "BEIR: A
Heterogeneous Benchmark for Zero-shot Evaluation of Information Retrieval Models".
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ...schema import InterchangeError
from ...schema.document_faults import json_fault

__all__ = ["Document", "JudgedSet", "read_judged_set", "write_judged_set"]

LAYOUT = "a folder in BEIR layout holds corpus.jsonl, queries.jsonl and qrels.tsv"
QRELS_HEADER = "query-id\tcorpus-id\tscore"

Judgements = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Document:
    """A document; its title or text may be empty."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class JudgedSet:
    """Documents, and the queries that have a relevant document; it may be missing.

    Attributes:
        queries: Texts by query id, in the order of the file.
        judgements: Grades by query id and document id; above 0 is relevant.
    """

    name: str
    documents: tuple[Document, ...]
    queries: Mapping[str, str]
    judgements: Judgements

    def relevant(self, query_id: str) -> frozenset[str]:
        """Returns the ids of the documents that are relevant to a query."""
        grades = self.judgements[query_id]
        return frozenset(id for id, grade in grades.items() if grade > 0)

    def sampled(self, limit: int, *, seed: int) -> JudgedSet:
        """Returns the set with at most ``limit`` of its queries, sampled by the seed."""
        if limit >= len(self.queries):
            return self
        chosen = set(random.Random(seed).sample(sorted(self.queries), limit))
        return JudgedSet(
            self.name,
            self.documents,
            {id: text for id, text in self.queries.items() if id in chosen},
            {id: grades for id, grades in self.judgements.items() if id in chosen},
        )


def read_judged_set(folder: Path, *, qrels: Path | None = None) -> JudgedSet:
    """Returns the judged set of a folder; queries without a relevant document are left out.

    Args:
        qrels: File of the judgements; needed if ``qrels/`` holds several splits.

    Raises:
        InterchangeError: A file is missing, malformed, or the three do not belong together.
    """
    if not folder.is_dir():
        raise InterchangeError(f"expected a folder, got {folder}; {LAYOUT}", path=folder)
    documents = tuple(
        Document(id, _text(row, "title", where), _text(row, "text", where))
        for id, row, where in _rows(folder / "corpus.jsonl")
    )
    texts = {id: _text(row, "text", where) for id, row, where in _rows(folder / "queries.jsonl")}
    path = qrels or _qrels_of(folder)
    judgements = {
        id: grades
        for id, grades in _read_qrels(path).items()
        if id in texts and any(grade > 0 for grade in grades.values())
    }
    if not documents or not judgements:
        raise InterchangeError(
            f"expected documents and judged queries, got {len(documents)} documents and"
            f" {len(judgements)} queries of {path} in queries.jsonl; do the files belong together?",
            path=folder,
        )
    queries = {id: text for id, text in texts.items() if id in judgements}
    return JudgedSet(folder.resolve().name, documents, queries, judgements)


def write_judged_set(folder: Path, judged: JudgedSet) -> None:
    """Writes a judged set into a folder, which is created if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_rows(
        folder / "corpus.jsonl",
        (
            {"_id": document.id, "title": document.title, "text": document.text}
            for document in judged.documents
        ),
    )
    _write_rows(
        folder / "queries.jsonl",
        ({"_id": id, "text": text} for id, text in judged.queries.items()),
    )
    lines = [QRELS_HEADER]
    for query_id, grades in judged.judgements.items():
        lines += [f"{query_id}\t{id}\t{grade}" for id, grade in grades.items()]
    (folder / "qrels.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yields id, object and place of each line."""
    seen: set[str] = set()
    for number, line in _lines(path):
        where = f"{path}:{number}"
        try:
            row = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InterchangeError(
                f"{where} must be one JSON object: {json_fault(error)}",
                path=path,
                position=f"line {number}",
            ) from error
        id = row.get("_id") if isinstance(row, dict) else None
        if isinstance(id, bool) or not isinstance(id, (str, int)) or id == "":
            raise InterchangeError(
                f'{where} must be an object with an "_id", got {line[:60]!r}',
                path=path,
                position=f"line {number}",
            )
        if str(id) in seen:
            raise InterchangeError(
                f"{where} repeats the _id {id!r}; each _id must be unique",
                path=path,
                position=f"line {number}",
            )
        seen.add(str(id))
        yield str(id), row, where


def _text(row: dict[str, Any], field: str, where: str) -> str:
    value = row.get(field)
    if field == "title" and value is None:
        return ""
    if not isinstance(value, str):
        raise InterchangeError(f'{where} needs a text in "{field}", got {value!r}')
    return value


def _qrels_of(folder: Path) -> Path:
    single = folder / "qrels.tsv"
    splits = sorted((folder / "qrels").glob("*.tsv"))
    if single.exists() or not splits:
        return single
    if len(splits) > 1:
        names = ", ".join(split.name for split in splits)
        raise InterchangeError(
            f"{folder / 'qrels'} holds {names}; choose one with --qrels FILE", path=folder
        )
    return splits[0]


def _read_qrels(path: Path) -> dict[str, dict[str, int]]:
    judgements: dict[str, dict[str, int]] = {}
    for number, line in _lines(path):
        fields = line.decode("utf-8", "replace").rstrip("\r\n").split("\t")
        if number == 1 and len(fields) == 3 and not _is_whole(fields[2]):
            continue  # the header
        if len(fields) != 3 or not _is_whole(fields[2]):
            raise InterchangeError(
                f"{path}:{number} must be query-id, corpus-id and a whole number, separated by"
                f" tabs, got {line[:60]!r}",
                path=path,
                position=f"line {number}",
            )
        judgements.setdefault(fields[0], {})[fields[1]] = int(fields[2])
    return judgements


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isascii() and text.removeprefix("-").isdigit()


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yields the lines that are not blank, with their number from 1."""
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise InterchangeError(
            f"cannot read {path}: {error.strerror}; {LAYOUT}", path=path
        ) from error


def _write_rows(path: Path, rows: Iterator[dict[str, str]]) -> None:
    with path.open("wb") as stream:
        for row in rows:
            stream.write(msgspec.json.encode(row) + b"\n")
