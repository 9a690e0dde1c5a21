"""Makes pages of the site from the repository's Markdown: a hook of mkdocs, see mkdocs.yml.

The README is the first page. A link to a file that is not in docs/ leads to the source, or is text
as long as the project has no ``Source`` among its URLs.
"""

from __future__ import annotations

import posixpath
import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|mailto:|#)([^)\s]+)\)")


def page_text(markdown: str, folder: str, source: str | None) -> str:
    """Returns the Markdown of a page of the site.

    Args:
        markdown: Text with links relative to its folder in the repository.
        folder: That folder, relative to the repository: ``docs``, or empty for the README.
        source: URL of the repository, to which links that leave ``docs/`` lead.
    """

    def rewritten(match: re.Match[str]) -> str:
        mark, text, link = match.groups()
        path = posixpath.normpath(posixpath.join(folder, link))
        if path.startswith("docs/"):
            return f"{mark}[{text}]({path.removeprefix('docs/')})"
        return f"[{text}]({source}/blob/main/{path})" if source else text

    return LINK.sub(rewritten, markdown)


def _source() -> str | None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    source: str | None = project.get("urls", {}).get("Source")
    return source


def on_files(files: Any, config: Any) -> Any:
    """Adds the README as the page ``index.md``; mkdocs calls it."""
    from mkdocs.structure.files import File

    text = page_text((ROOT / "README.md").read_text(encoding="utf-8"), "", _source())
    files.append(File.generated(config, "index.md", content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Returns the text of a page of ``docs/``; mkdocs calls it."""
    if page.file.src_uri == "index.md":
        return markdown
    return page_text(markdown, "docs", _source())
