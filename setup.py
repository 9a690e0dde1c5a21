"""Writes the description of the package, whose links must lead somewhere on a package index too.

Everything else about the package is in pyproject.toml.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
RELATIVE_LINK = re.compile(r"\[([^\]]*)\]\((?!https?:|#)([^)\s]+)\)")
RELATIVE_IMAGE = re.compile(rf"!{RELATIVE_LINK.pattern}")


def description(readme: str, source: str | None) -> str:
    """Returns the README for a package index.

    Args:
        readme: Markdown with links relative to the repository.
        source: ``Source`` of the project's URLs, to which the links are made absolute. Without it,
            only their texts are left, and no images.
    """
    image = rf"![\1]({source}/raw/main/\2)" if source else ""
    link = rf"[\1]({source}/blob/main/\2)" if source else r"\1"
    return RELATIVE_LINK.sub(link, RELATIVE_IMAGE.sub(image, readme))


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    setup(
        long_description=description(
            (ROOT / "README.md").read_text(encoding="utf-8"), project.get("urls", {}).get("Source")
        ),
        long_description_content_type="text/markdown",
    )
