"""The folder that scans are dropped into: on a disk, a network drive, or in object storage."""

import datetime as dt
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from twin_pipeline.durable.files import remove, write_bytes
from twin_pipeline.errors import InputError, OutputError
from twin_pipeline.output import RECORD
from twin_pipeline.remote import Store, address_of


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a folder says of a file; any write to it changes this."""

    size: int
    changed: str
    """Times or tags, for comparison only."""
    age_s: float
    """How long ago it was written, by the clocks of both sides; not compared."""

    def same(self, other: "Stamp | None") -> bool:
        """Whether nothing was written between the two."""
        return other is not None and (self.size, self.changed) == (other.size, other.changed)


Listing = Mapping[str, Stamp]
"""By name, relative to the folder, with slashes."""


class Inbox(Protocol):
    """Where scans come in and answers go out."""

    settles: bool
    """Whether files can be seen half-written."""

    def listing(self) -> Listing:
        """Return what lies there; raises OSError."""

    def stamp(self, name: str) -> Stamp | None:
        """Look at one file anew; None if it is gone."""

    def local(self, name: str) -> Path:
        """Return the file on this machine, fetched if need be; raises OSError."""

    def release(self, name: str) -> None:
        """Remove what was fetched."""

    def place(self, name: str) -> Path:
        """Return where `local` has a file or will have it."""

    def put(self, name: str, data: bytes) -> None:
        """Write a file, whole or not at all; raises OSError."""

    def withdraw(self, name: str) -> None:
        """Remove a file if it is there; raises OSError."""


def open_inbox(folder: Path, out: Path, spool: Path) -> Inbox:
    """Return the inbox at a path or address.

    Raises
    ------
    InputError
        When it is not there.
    OutputError
        When `out` is remote, or one lies in the other.
    """
    if address_of(out) is not None:
        raise OutputError(
            f"{out}: a run that grows must lie on this machine; give a folder with -o, and "
            "bring it to the address with `publish --to`"
        )
    address = address_of(folder)
    if address is not None:
        return BucketInbox(Store.at(address), spool)
    if not folder.is_dir():
        raise InputError(f"{folder}: is no folder; give the one that scans are dropped into")
    place, other = folder.resolve(), out.resolve()
    if place.is_relative_to(other) or other.is_relative_to(place):
        raise OutputError(
            f"{out}: lies in {folder} or around it; give an output folder beside it with -o"
        )
    return FolderInbox(place)


class FolderInbox:
    """A folder of this machine, or one that is mounted."""

    settles = True

    def __init__(self, root: Path) -> None:
        self._root = root

    def listing(self) -> Listing:
        """Return what lies there."""
        if not self._root.is_dir():
            raise FileNotFoundError(2, "the folder is gone", str(self._root))
        return dict(self._walk())

    def _walk(self) -> Iterator[tuple[str, Stamp]]:
        for folder, folders, names in os.walk(self._root, onerror=_raise):
            # Outputs of runs are no drops, whatever lies in them.
            folders[:] = sorted(
                name for name in folders
                if not name.startswith(".") and not (Path(folder) / name / RECORD).exists()
            )  # fmt: skip
            for name in sorted(names):
                relative = (Path(folder) / name).relative_to(self._root).as_posix()
                stamp = self.stamp(relative)
                if stamp is not None:
                    yield relative, stamp

    def stamp(self, name: str) -> Stamp | None:
        """Look at one file anew."""
        try:
            found = (self._root / name).stat()
        except OSError:
            return None
        changed = f"{found.st_mtime_ns}/{found.st_ctime_ns}"
        return Stamp(found.st_size, changed, time.time() - found.st_mtime)

    def local(self, name: str) -> Path:
        """Return the file."""
        return self._root / name

    place = local

    def release(self, name: str) -> None:
        """Leave the file alone: it is the sender's."""

    def put(self, name: str, data: bytes) -> None:
        """Write a file, whole or not at all."""
        write_bytes(self._root / name, data)

    def withdraw(self, name: str) -> None:
        """Remove a file if it is there."""
        (self._root / name).unlink(missing_ok=True)


def _raise(error: OSError) -> None:
    raise error


class BucketInbox:
    """A prefix in object storage; objects appear whole."""

    settles = False

    def __init__(self, store: Store, spool: Path) -> None:
        self._store = store
        self._spool = spool

    def listing(self) -> Listing:
        """Return what lies there."""
        return self._asked(lambda: {name: _stamp(info) for name, info in self._found()})

    def _found(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        self._store.files.invalidate_cache()
        for name, info in self._store.files.find(self._store.root, detail=True).items():
            relative = name[len(self._store.root) :].lstrip("/")
            if info.get("type") == "file" and relative:
                yield relative, info

    def stamp(self, name: str) -> Stamp | None:
        """Look at one object anew."""
        try:
            self._store.files.invalidate_cache()
            return _stamp(self._asked(lambda: self._store.files.info(self._there(name))))
        except FileNotFoundError:
            return None

    def local(self, name: str) -> Path:
        """Return the object as a file, fetched."""
        place = self.place(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(f".{place.name}.fetched")
        self._asked(lambda: self._store.files.get_file(self._there(name), str(beside)))
        beside.replace(place)
        return place

    def place(self, name: str) -> Path:
        """Return where a fetched object lies."""
        return self._spool / PurePosixPath(name)

    def release(self, name: str) -> None:
        """Remove what was fetched."""
        remove(self.place(name))

    def put(self, name: str, data: bytes) -> None:
        """Write an object: a store shows it when it is whole."""
        self._asked(lambda: self._store.files.pipe_file(self._there(name), data))

    def withdraw(self, name: str) -> None:
        """Remove an object if it is there."""
        try:
            self._asked(lambda: self._store.files.rm_file(self._there(name)))
        except FileNotFoundError:
            return

    def _there(self, name: str) -> str:
        return f"{self._store.root}/{name}"

    def _asked(self, work: Any) -> Any:  # noqa: ANN401
        """Turn what stores raise, errors of all kinds, into OSError."""
        try:
            return work()
        except OSError:
            raise
        except Exception as error:
            reason = " ".join(str(error).split())[:300] or type(error).__name__
            raise OSError(f"{self._store.address}: can't be used ({reason})") from error


def _stamp(info: Mapping[str, Any]) -> Stamp:
    size = int(info.get("size") or 0)
    tags = [
        str(info.get(key) or "") for key in ("ETag", "etag", "md5Hash", "LastModified", "mtime")
    ]
    written = info.get("LastModified") or info.get("mtime") or info.get("created")
    age = (
        (dt.datetime.now(dt.UTC) - written).total_seconds()
        if isinstance(written, dt.datetime) and written.tzinfo
        else 0.0
    )
    return Stamp(size, "/".join(tags), age)
