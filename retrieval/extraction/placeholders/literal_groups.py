"""Groups the literals of a test: equal and related ones share a placeholder.

Filling a placeholder must not contradict code that stays. So a string is a placeholder only if all
of its places are: not if it is also a part of a longer text, an attribute or a literal with other
quotes. Equal numbers are related only if they are named alike.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from .literal_place import string_body
from .literal_sites import LiteralSite, LiteralSites, inner_sites

__all__ = ["fillable_groups"]

# A larger collection whose parts are also elsewhere stays as it is.
_MAX_SPLIT_ITEMS = 12
# Characters compared to find the parts of longer texts; a test with more is a dump of data.
_MAX_COMPARED_CHARS = 8_000_000
_QUOTE = re.compile(r"[\"'`]")
_NUMBER = re.compile(r"(?<![\w.])\d[\w.]*")


def fillable_groups(
    found: LiteralSites, outside: str, number_name: Callable[[LiteralSite], str]
) -> list[list[LiteralSite]]:
    """Returns the sites that share a placeholder, in order of their first places.

    Args:
        found: The literals of a test.
        outside: Code around the test that stays as it is.
        number_name: Returns what a number is; equal ones of one name are related.
    """
    sites, inner_texts = _split_collections(found.sites)
    texts = [*found.kept_texts, *chain.from_iterable(inner_texts.values()), outside]
    figures = found.kept_numbers | {site.text for site in sites if not site.is_string}
    is_fillable = _string_check(sites, texts, found.kept_names | figures)
    numbers = _numbers_in(found.kept_numbers, sites, texts)
    groups: dict[tuple[str, str], list[LiteralSite]] = {}
    for site in sites:
        if site.is_string:
            if is_fillable(site.text):
                groups.setdefault((site.text, ""), []).append(site)
        elif inner_texts.get(site.text):
            groups.setdefault((site.text, ""), []).append(site)
        elif site.text.lstrip("-+") not in numbers:
            groups.setdefault((site.text, number_name(site)), []).append(site)
    return [group for group in groups.values() if not all(site.is_key for site in group)]


def _split_collections(
    sites: Sequence[LiteralSite],
) -> tuple[list[LiteralSite], dict[str, list[str]]]:
    """Returns the sites, with the parts of collections whose strings are also elsewhere.

    Returns too the strings inside each collection that remains whole or stays as it is.
    """
    parts = {
        site.text: inner_sites(site) if _QUOTE.search(site.text) else []
        for site in sites
        if site.is_collection
    }
    if not parts:
        return list(sites), {}
    tables = {site.text for site in sites if site.is_collection and site.is_table}
    uses = Counter(site.text for site in sites if site.is_string)
    for text, inner in parts.items():
        if text not in tables:
            uses.update({part.text for part in inner if part.is_string})
    split: list[LiteralSite] = []
    texts: dict[str, list[str]] = {}
    for site in sites:
        if not site.is_collection:
            split.append(site)
            continue
        inner = parts[site.text]
        shared = site.text not in tables and any(
            part.is_string and uses[part.text] > 1 for part in inner
        )
        if shared and len(inner) <= _MAX_SPLIT_ITEMS:
            split += inner_sites(site)
            continue
        texts[site.text] = [part.text for part in inner if part.is_string]
        if not shared:
            split.append(site)
    return split, texts


def _string_check(
    sites: Sequence[LiteralSite], texts: Sequence[str], names: set[str]
) -> Callable[[str], bool]:
    """Returns the check of a string: all of its places can be filled."""
    bodies: dict[str, str] = {}
    spelled: Counter[str] = Counter()  # ways to write a body
    for site in sites:
        if site.is_string and site.text not in bodies:
            bodies[site.text] = body = string_body(site.text)
            spelled[body] += 1
    everything = "\n".join((*bodies, *texts))
    if len(everything) * len(bodies) > _MAX_COMPARED_CHARS:
        return lambda text: False

    def is_fillable(text: str) -> bool:
        body = bodies[text]
        return spelled[body] == 1 and body not in names and everything.count(body) == 1

    return is_fillable


def _numbers_in(kept: set[str], sites: Sequence[LiteralSite], texts: Iterable[str]) -> set[str]:
    """Returns the numbers that stay, and those in any text; none if no number may be replaced."""
    strings = {site.text for site in sites if site.is_string}
    if all(site.is_string for site in sites):
        return kept
    return kept.union(_NUMBER.findall("\n".join((*texts, *strings))))
