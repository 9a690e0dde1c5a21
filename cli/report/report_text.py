"""Prints a report on a terminal, or as plain text of 80 columns."""

from __future__ import annotations

import io

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table as Grid

from ..output import plain
from .report_document import UNBROKEN, Block, Document, Facts, Note, Sparkline, Table, bars

__all__ = ["print_report", "text_of"]

TEXT_COLUMNS = 80


def print_report(console: Console, document: Document) -> None:
    """Prints every section in the width of the console; long names continue on the next line."""
    console.print(plain(document.title, "bold"))
    console.print(_renderable(document.about))
    for section in document.sections:
        console.print()
        console.rule(plain(section.title, "bold"), align="left", characters="─")
        for block in section.blocks:
            console.print()
            console.print(_renderable(block))


def text_of(document: Document, columns: int = TEXT_COLUMNS) -> str:
    """Returns a report as plain text, without spaces at the end of a line."""
    console = Console(file=io.StringIO(), width=columns, highlight=False, color_system=None)
    with console.capture() as captured:
        print_report(console, document)
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _renderable(block: Block) -> RenderableType:
    match block:
        case Facts():
            return _facts(block)
        case Note():
            return plain(block.text)
        case Sparkline():
            return plain(f"{block.title}, oldest first: {bars(block.counts)}")
        case Table():
            return _table(block)


def _facts(facts: Facts) -> Grid:
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    for name, value in facts.values:
        grid.add_row(name, plain(value))
    return grid


def _table(block: Table) -> RenderableType:
    result = Grid(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
        collapse_padding=True,
        header_style="dim",
    )
    for name in block.columns:
        result.add_column(
            name,
            justify="right" if name in block.right else "left",
            overflow="fold",
            no_wrap=name in UNBROKEN or name in block.right,
        )
    for row in block.rows:
        result.add_row(*(plain(cell) for cell in row))
    return Group(plain(block.title, "bold"), result)  # a title of the table wraps at its width
