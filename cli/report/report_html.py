"""Writes a report as one HTML file, which loads nothing and runs nothing.

Every text is escaped, whoever wrote it, and the policy of the page forbids scripts and requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from .report_document import UNBROKEN, Block, Document, Facts, Name, Note, Sparkline, Table

__all__ = ["html_of"]

_BAR_WIDTH, _BAR_GAP, _HEIGHT = 14, 4, 48
_STYLE = """
:root { color-scheme: light dark; --text: #1f2328; --dim: #59636e; --line: #d1d9e0;
  --back: #ffffff; --stripe: #f6f8fa; --bar: #0969da; --better: #1a7f37; --worse: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --dim: #9198a1; --line: #3d444d;
  --back: #0d1117; --stripe: #151b23; --bar: #4493f8; --better: #3fb950; --worse: #f85149; } }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: var(--text);
  background: var(--back); font: 16px/1.5 system-ui, sans-serif; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; margin: 1.5rem 0; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
th { color: var(--dim); font-weight: 500; white-space: nowrap; }
tbody tr:nth-child(even) { background: var(--stripe); }
code { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; }
.number { text-align: right; } .number, .short { white-space: nowrap; }
.short code { overflow-wrap: normal; }
.better { color: var(--better); font-weight: 600; } .worse { color: var(--worse);
  font-weight: 600; }
figure { margin: 1.5rem 0; } figcaption { font-weight: 600; font-size: .9rem; }
svg { fill: var(--bar); max-width: 100%; height: auto; }
"""
_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
"""


def html_of(document: Document) -> str:
    """Returns a report as one HTML file."""
    title = escape(document.title)
    return (
        f"{_HEAD}<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{title}</h1>\n" + "\n".join(_body(document)) + "\n</main>\n</body>\n</html>\n"
    )


def _body(document: Document) -> Iterator[str]:
    yield _block(document.about)
    for section in document.sections:
        yield f"<section>\n<h2>{escape(section.title)}</h2>"
        yield from map(_block, section.blocks)
        yield "</section>"


def _block(block: Block) -> str:
    match block:
        case Facts():
            pairs = [
                f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in block.values
            ]
            return "<dl>" + "\n".join(pairs) + "</dl>"
        case Note():
            return f"<p>{_text(block.text)}</p>"
        case Sparkline():
            return _figure(block)
        case Table():
            return _table(block)


def _table(block: Table) -> str:
    classes = [
        ' class="number"' if name in block.right else ' class="short"' if name in UNBROKEN else ""
        for name in block.columns
    ]
    heads = "".join(
        f'<th scope="col"{kind}>{escape(name)}</th>'
        for name, kind in zip(block.columns, classes, strict=True)
    )
    rows = "\n".join(
        "<tr>"
        + "".join(f"<td{kind}>{_text(cell)}</td>" for cell, kind in zip(row, classes, strict=True))
        + "</tr>"
        for row in block.rows
    )
    return (
        f'<div class="wide"><table><caption>{_text(block.title)}</caption>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>"
    )


def _figure(block: Sparkline) -> str:
    highest = max(block.counts, default=0) or 1
    step = _BAR_WIDTH + _BAR_GAP
    rects = []
    for number, (count, label) in enumerate(zip(block.counts, block.labels, strict=True)):
        height = max(count * _HEIGHT / highest, 1)
        rects.append(
            f'<rect x="{number * step}" y="{_HEIGHT - height:.1f}" width="{_BAR_WIDTH}"'
            f' height="{height:.1f}"><title>{_text(label)}: {count:,}</title></rect>'
        )
    width = step * len(block.counts)
    spoken = ", ".join(f"{count:,}" for count in block.counts)
    return (
        f"<figure><figcaption>{_text(block.title)}</figcaption>\n"
        f'<svg role="img" aria-label="{_text(block.title)}, oldest first: {spoken}"'
        f' width="{width}" height="{_HEIGHT}" viewBox="0 0 {width} {_HEIGHT}">\n'
        + "\n".join(rects)
        + "\n</svg></figure>"
    )


def _text(text: str) -> str:
    escaped = escape(text)
    if isinstance(text, Name):
        return f"<code>{escaped}</code>" if text else ""
    return f'<span class="{text}">{text}</span>' if text in ("better", "worse") else escaped
