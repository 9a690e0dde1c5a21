"""Writes rows in the format that ``--format`` and ``--fields`` ask for.

A command gives its rows as JSON objects. ``json`` is the whole document, ``jsonl`` an object a
line, ``csv`` and ``markdown`` a table of the command's columns. ``table`` is for people: the
command prints it itself, unless ``--fields`` chooses other columns.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any

import typer

from ..output import clean, json_text, on_terminal, plain, print_json, stdout, table
from .config_file import OutputFormat, settings

__all__ = [
    "FieldsOption",
    "FormatOption",
    "RowOutput",
    "csv_text",
    "row_output",
]

FormatOption = Annotated[
    OutputFormat | None,
    typer.Option(
        "--format",
        "-o",
        help="Output format. Default: AQE_FORMAT, format in .aqe/config.toml, or table.",
    ),
]
FieldsOption = Annotated[
    str | None,
    typer.Option(
        "--fields", metavar="A,B", help="Print only these fields, named as in the JSON output."
    ),
]
# A cell that a spreadsheet would read as a formula gets an apostrophe in front.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class RowOutput:
    """How rows are to be written.

    Attributes:
        fields: The fields that the user chose; empty for those of the command.
    """

    format: OutputFormat
    fields: tuple[str, ...] = ()

    @property
    def is_for_people(self) -> bool:
        """Whether the command prints its own view."""
        return self.format == "table" and not self.fields

    def write(
        self,
        document: Mapping[str, Any],
        key: str,
        rows: Sequence[Mapping[str, Any]],
        columns: Sequence[str],
    ) -> None:
        """Writes rows for a program.

        Args:
            document: The JSON document around the rows.
            key: The name of the rows in it.
            rows: JSON objects that have the same keys.
            columns: The keys that a table has by default, as far as the rows have them.

        Raises:
            BadParameter: ``--fields`` names a key that the rows lack.
        """
        known = list(rows[0]) if rows else []
        self._require_fields(known)
        columns = [name for name in columns if name in known or not known]
        if self.fields:
            columns = self.fields
            rows = [{name: row[name] for name in columns} for row in rows]
        match self.format:
            case "json":
                print_json({**document, key: rows})
            case "jsonl":
                sys.stdout.write("".join(json_text(row) + "\n" for row in rows))
            case "csv":
                text = csv_text(rows, columns)
                sys.stdout.write(clean(text) if on_terminal() else text)
            case "markdown":
                sys.stdout.write(_markdown(rows, columns))
            case "table":
                _print_table(rows, columns)

    def write_only(
        self,
        document: Mapping[str, Any],
        key: str,
        row: Mapping[str, Any],
        columns: Sequence[str],
    ) -> None:
        """Writes the only row, which is an object in the JSON document, not a list.

        Raises:
            BadParameter: ``--fields`` names a key that the row lacks.
        """
        if self.format != "json":
            self.write(document, key, [row], columns)
            return
        self._require_fields(list(row))
        names = self.fields or tuple(row)
        print_json({**document, key: {name: row[name] for name in names}})

    def _require_fields(self, known: Sequence[str]) -> None:
        for name in self.fields:
            if known and name not in known:
                close = get_close_matches(name, known, 1)
                hint = f"; did you mean {close[0]}?" if close else ""
                raise typer.BadParameter(
                    f"expected some of {', '.join(known)}, got {name!r}{hint}",
                    param_hint="'--fields'",
                )


def row_output(format: OutputFormat | None, fields: str | None, *, json: bool) -> RowOutput:
    """Returns how to write rows: ``--json`` is the short form of ``--format json``.

    Raises:
        BadParameter: The options contradict each other, or name no field.
        AqeError: The default in ``AQE_FORMAT`` or the config file is no format.
    """
    if json and format not in (None, "json"):
        raise typer.BadParameter(
            f"it is --format json, got --format {format} too; give one of them",
            param_hint="'--json'",
        )
    names = tuple(name.strip() for name in (fields or "").split(",") if name.strip())
    if fields is not None and not names:
        raise typer.BadParameter(
            f"expected names separated by commas, got {fields!r}", param_hint="'--fields'"
        )
    chosen = "json" if json else format or settings().format or "table"
    return RowOutput(chosen, tuple(dict.fromkeys(names)))


def csv_text(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Returns rows as CSV with a heading; lists and objects are JSON in a cell."""
    import csv  # most commands print none

    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _csv_cell(row[name]) for name in columns} for row in rows)
    return stream.getvalue()


def _csv_cell(value: Any) -> Any:
    value = _cell(value)
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value


def _cell(value: Any) -> Any:
    return json_text(value) if isinstance(value, (dict, list, tuple)) else value


def _markdown(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    lines = [columns, ["---"] * len(columns)]
    lines += [[_markdown_cell(row[name]) for name in columns] for row in rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _markdown_cell(value: Any) -> str:
    text = "" if value is None else " ".join(clean(str(_cell(value))).split())
    return text.replace("\\", "\\\\").replace("|", "\\|")


def _print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    result = table(*columns)
    for column in result.columns:
        column.overflow = "fold"
    for row in rows:
        values = (_cell(row[name]) for name in columns)
        result.add_row(*(plain("" if value is None else value) for value in values))
    stdout().print(result)
