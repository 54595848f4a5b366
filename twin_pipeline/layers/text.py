"""Text from outside: what may become a name, and what is refused."""

import re
import unicodedata
from pathlib import PurePath
from urllib.parse import unquote, urlsplit

from twin_pipeline.errors import InputError
from twin_pipeline.export.rows import clean_text

_LONGEST_TITLE = 200
_MARKUP = re.compile(r"<\s*[a-z!/?]|&#|javascript:|\{\{", re.IGNORECASE)
"""Begins what another viewer might take for HTML, a link that runs, or a template."""


def plain(value: str, what: str, remedy: str) -> str:
    """Return a text that viewers will show, on one line; what looks like a script is refused.

    Raises
    ------
    InputError
        When it has markup in it. Our viewer takes no text for HTML, but others may.
    """
    text = " ".join(clean_text(value).split())
    if _MARKUP.search(text):
        raise InputError(f"{what}: {text[:60]!r} has markup or a script in it; {remedy}")
    return text


def require_plain_names(names: list[str], source: object) -> None:
    """Refuse columns whose names other viewers might take for HTML."""
    for name in names:
        plain(name, f"{source}: name of a column", "rename the column")


def title_of(given: str | None, source: str) -> str:
    """Return the title given, or the name of the file or address.

    Raises
    ------
    InputError
        When it has markup in it, is empty, or has no end.
    """
    if given is not None:
        title = plain(given, "--title", "give a plain text")
    else:
        title = plain(_name(source), source, "rename it, or give --title TEXT")
    if not title or len(title) > _LONGEST_TITLE:
        raise InputError(
            f"--title {title[:40]!r}: is empty or longer than {_LONGEST_TITLE} letters; give "
            "another one"
        )
    return title


def _name(source: str) -> str:
    if is_address(source):
        parts = urlsplit(source)
        named = [
            unquote(part)
            for part in parts.path.split("/")
            if part and "{" not in part and part != "tileset.json"
        ]
        host = (parts.hostname or "").replace("{s}.", "")
        return " ".join([host, *named[-1:]]).strip()
    return PurePath(source).stem


def is_address(source: str) -> bool:
    """Return whether a source is an address rather than a file."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", source) is not None


def identifier(title: str, taken: set[str]) -> str:
    """Return a short name for a layer that no other one has, fit for paths and addresses."""
    folded = unicodedata.normalize("NFKC", title).lower()
    base = re.sub(r"[^\w]+", "-", folded, flags=re.UNICODE).strip("-_")[:40] or "layer"
    number, name = 1, base
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return name
