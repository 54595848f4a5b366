"""Which file a URL path means, and how much of it a request wants; no sockets here."""

import os
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path, PurePath
from typing import Self
from urllib.parse import unquote
from zlib import crc32

MIME_TYPES = {
    ".bin": "application/octet-stream",
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".geojson": "application/geo+json",
    ".glb": "model/gltf-binary",
    ".gltf": "model/gltf+json",
    ".gpkg": "application/geopackage+sqlite3",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".subtree": "application/octet-stream",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webp": "image/webp",
    ".xml": "application/xml",
}
"""Fixed here, because `mimetypes` asks the machine (on Windows the registry) and differs."""

_UNSAFE_IN_PART = re.compile(r"[\\:\x00]" if os.name == "nt" else r"\x00")
"""Windows takes a backslash for a slash, and a colon for a drive or a stream."""

_RANGE = re.compile(r"bytes=([0-9]{0,30})-([0-9]{0,30})", re.IGNORECASE)


class RangeNotSatisfiableError(ValueError):
    """The range lies outside the file."""


def mime_type(path: PurePath) -> str:
    """Return the media type by the file's suffix; unknown ones are plain bytes."""
    return MIME_TYPES.get(path.suffix.lower(), "application/octet-stream")


def find_file(root: Path, url_path: str) -> Path | None:
    """Return the file that a URL path means below a folder, None where there is none to give.

    Parameters
    ----------
    root
        The folder being served, already resolved.
    url_path
        Percent-encoded path relative to `root`, without query; empty or ending in `/` means the
        folder's `index.html`.

    Returns
    -------
    Path or None
        A regular file inside `root`. Names with `..`, hidden names, names that mean something
        else to Windows, and links that lead out of `root` give None.
    """
    parts = unquote(url_path).split("/")
    if parts[-1] == "":
        parts[-1] = "index.html"
    if any(part == "" or part.startswith(".") or _UNSAFE_IN_PART.search(part) for part in parts):
        return None
    try:
        path = root.joinpath(*parts).resolve(strict=True)
    except (OSError, RuntimeError):
        return None
    return path if path.is_relative_to(root) and path.is_file() else None


@dataclass(frozen=True, slots=True)
class Version:
    """What tells one state of a file from another, in the words of HTTP."""

    size: int
    etag: str
    last_modified: str

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Return the version of the file with this status."""
        etag = f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
        return cls(status.st_size, etag, formatdate(status.st_mtime, usegmt=True))

    def tagged(self, text: str) -> Self:
        """Return a version that differs, also, where this text does."""
        etag = f'{self.etag[:-1]}-{crc32(text.encode()):x}"'
        return replace(self, etag=etag)

    def is_known(self, if_none_match: str | None, if_modified_since: str | None) -> bool:
        """Return whether the client has this version already (RFC 9110, 13.2.2)."""
        if if_none_match is not None:
            tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
            return "*" in tags or self.etag in tags
        return if_modified_since is not None and not self._newer_than(if_modified_since)

    def is_other(self, if_match: str | None, if_unmodified_since: str | None) -> bool:
        """Return whether the client wants another version only (RFC 9110, 13.2.2)."""
        if if_match is not None:
            # Weak tags match nothing: whoever asks so wants the very same bytes.
            return not {"*", self.etag} & {tag.strip() for tag in if_match.split(",")}
        if if_unmodified_since is None or _date(if_unmodified_since) is None:
            return False
        return self._newer_than(if_unmodified_since)

    def _newer_than(self, date: str) -> bool:
        own, theirs = _date(self.last_modified), _date(date)
        return own is None or theirs is None or own > theirs

    def allows_range(self, if_range: str | None) -> bool:
        """Return whether a part may be sent: the client's other parts are of this version."""
        return if_range is None or if_range in (self.etag, self.last_modified)


def _date(text: str) -> datetime | None:
    """Return a date of HTTP, which is UTC where it does not say; None for anything else."""
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def byte_range(header: str | None, size: int) -> range | None:
    """Return the bytes asked for by a Range header, None for the whole file.

    Parameters
    ----------
    header
        Value of the Range header. Anything but one plain byte range may be ignored by a server
        (RFC 9110, 14.2) and gives None.
    size
        Size of the file in bytes.

    Raises
    ------
    RangeNotSatisfiableError
        The range starts behind the end of the file.
    """
    match = _RANGE.fullmatch(header.replace(" ", "")) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first == "":
        wanted = range(max(size - int(last), 0), size)
    else:
        wanted = range(int(first), min(int(last) + 1, size) if last else size)
        if last and int(last) < int(first):
            return None
    if not wanted:
        raise RangeNotSatisfiableError
    return wanted
