"""Whether a file is still the one that was read: by its hash, which is taken only in doubt."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the system says of a file; any write to it changes this."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> "Stamp":
        """Look at a file; raises OSError if it is not there."""
        found = path.stat()
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


@dataclass(frozen=True, slots=True)
class InputState:
    """A file as it was when it was read."""

    path: Path
    stamp: Stamp
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {"path": str(self.path), "sha256": self.sha256} | asdict(self.stamp)

    @classmethod
    def from_dict(cls, made: dict[str, Any]) -> "InputState":
        """Return what `to_dict` described; raises KeyError or TypeError for anything else."""
        stamp = Stamp(made["size"], made["mtime_ns"], made["ctime_ns"], made["inode"])
        return cls(Path(made["path"]), stamp, made["sha256"])

    def holds(self) -> bool:
        """Whether the file has the same content still."""
        try:
            return Stamp.of(self.path) == self.stamp or sha256_of(self.path) == self.sha256
        except OSError:
            return False


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(value: object) -> str:
    """Return the SHA-256 of a value that JSON can hold, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
