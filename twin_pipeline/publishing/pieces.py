"""Pieces of a publication: folders that never change, each named after the hash of what it holds.

A new version of a piece is another folder. So whoever reads an index of yesterday still finds what
it leads to, while today's pieces are already being written.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from twin_pipeline.stages.read import sha256_of

_NAME_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Held:
    """A file that is to be published."""

    source: Path
    sha256: str
    size: int

    @classmethod
    def of(cls, source: Path) -> "Held":
        """Look at a file.

        Raises
        ------
        InputError
            When it can't be read.
        """
        digest = sha256_of(source)
        return cls(source, digest, source.stat().st_size)


@dataclass(frozen=True, slots=True)
class Piece:
    """Files that belong together; they lead to each other by relative addresses."""

    folder: str
    """Where it lies in the publication: data/HASH or viewer/HASH."""
    files: Mapping[str, Held]
    """By path below the folder."""

    @classmethod
    def of(cls, kind: str, files: Mapping[str, Path]) -> "Piece":
        """Return a piece of the kind `data` or `viewer` with files by their path in it."""
        held = {name: Held.of(source) for name, source in sorted(files.items())}
        told = "\n".join(f"{file.sha256} {name}" for name, file in held.items())
        name = hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:_NAME_LENGTH]
        return cls(f"{kind}/{name}", held)

    def path(self, name: str) -> str:
        """Return where a file of it lies in the publication, as a relative address."""
        if name not in self.files:
            raise KeyError(name)
        return quote(f"{self.folder}/{name}")

    def __iter__(self) -> Iterator[tuple[str, Held]]:
        """Yield path in the publication and file."""
        for name, held in self.files.items():
            yield f"{self.folder}/{name}", held

    def checksum(self, name: str) -> tuple[str, int]:
        """Return SHA-256 and size of one of its files."""
        held = self.files[name]
        return held.sha256, held.size


def manifest_of(pieces: Mapping[str, Piece]) -> dict[str, Any]:
    """Return all files of all pieces by their path in the publication."""
    return {
        path: {"sha256": held.sha256, "size": held.size}
        for piece in pieces.values()
        for path, held in piece
    }
