"""Where a publication goes: a folder of this machine, or one in object storage."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from twin_pipeline.durable.files import remove
from twin_pipeline.durable.lock import HeldError, locked
from twin_pipeline.errors import OutputError
from twin_pipeline.output import FULL, unwritable
from twin_pipeline.remote import Store, address_of
from twin_pipeline.view.files import mime_type

_BATCH = 200
_LOCK = ".twin-pipeline-lock"

Told = Callable[[int, int], None]
"""Called with the files that are there, and how many there will be."""


class Place(Protocol):
    """A folder that holds nothing but publications, by the names of its files."""

    address: str

    def sizes(self) -> dict[str, int]:
        """Return the size of each file by its path in the folder."""

    def read(self, name: str) -> bytes:
        """Return a file's content."""

    def put(self, files: Mapping[str, Path], told: Told) -> None:
        """Put files there; each appears complete or not at all."""

    def write(self, name: str, data: bytes) -> None:
        """Put a file there, complete or not at all, after all that was put before."""

    def remove(self, names: Iterable[str]) -> None:
        """Remove files."""


@contextmanager
def opened(to: Path) -> Iterator[Place]:
    """Yield the place that an argument means; a folder of this machine is locked meanwhile.

    Raises
    ------
    OutputError
        When it can't be written, or another publish works on it.
    UsageError
        When nothing is installed for such an address.
    """
    address = address_of(to)
    if address is not None:
        yield Bucket(Store.at(address))
        return
    folder = to.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / _LOCK):
            try:
                yield Folder(folder, str(to))
            finally:
                (folder / _LOCK).unlink(missing_ok=True)
    except HeldError as error:
        raise OutputError(
            f"{to}: another publish ({error.holder}) is writing there; wait for its end"
        ) from error
    except OSError as error:
        here = str(error.filename or "").startswith(str(folder))
        if not here and error.errno not in FULL:  # of a full disk a copy's source is named
            raise
        raise OutputError(str(unwritable(to, error)).replace("-o", "--to")) from error


class Folder:
    """A folder of this machine."""

    def __init__(self, folder: Path, address: str) -> None:
        self.address = address
        self._folder = folder

    def sizes(self) -> dict[str, int]:
        """Return the size of each file by its path in the folder."""
        return {
            path.relative_to(self._folder).as_posix(): path.stat().st_size
            for path in self._folder.rglob("*")
            if path.is_file() and path.name != _LOCK
        }

    def read(self, name: str) -> bytes:
        """Return a file's content."""
        return (self._folder / name).read_bytes()

    def put(self, files: Mapping[str, Path], told: Told) -> None:
        """Copy files there; each appears complete or not at all."""
        for number, (name, source) in enumerate(files.items(), 1):
            with self._beside(name) as beside:
                shutil.copyfile(source, beside)
            told(number, len(files))

    def write(self, name: str, data: bytes) -> None:
        """Write a file."""
        with self._beside(name) as beside:
            beside.write_bytes(data)

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, and the folders that are empty then."""
        folders = set()
        for name in names:
            path = self._folder / name
            path.unlink(missing_ok=True)
            folders |= set(path.parents[: len(Path(name).parts) - 1])
        for folder in sorted(folders, key=lambda path: -len(path.parts)):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    @contextmanager
    def _beside(self, name: str) -> Iterator[Path]:
        """Yield where to write a file, which takes its place when the block succeeds."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name[:60]}.new")
        try:
            yield beside
            descriptor = os.open(beside, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            beside.replace(path)
        finally:
            remove(beside)


class Bucket:
    """A folder in object storage, where each object appears whole."""

    def __init__(self, store: Store) -> None:
        self.address = store.address
        self._store = store

    def sizes(self) -> dict[str, int]:
        """Return the size of each object by its name below the folder."""
        sizes: dict[str, int] = self._explained(self._sizes)
        return sizes

    def _sizes(self) -> dict[str, int]:
        files, root = self._store.files, self._store.root
        files.invalidate_cache()
        found = files.find(root, detail=True)
        return {name[len(root) :].lstrip("/"): info["size"] for name, info in found.items()}

    def read(self, name: str) -> bytes:
        """Return an object's content."""
        content: bytes = self._explained(
            lambda: self._store.files.cat_file(f"{self._store.root}/{name}")
        )
        return content

    def put(self, files: Mapping[str, Path], told: Told) -> None:
        """Put files there, many at a time."""
        done = 0
        for kind, names in _by_kind(files).items():
            for start in range(0, len(names), _BATCH):
                batch = names[start : start + _BATCH]
                self._explained(partial(self._put, files, batch, kind))
                done += len(batch)
                told(done, len(files))

    def _put(self, files: Mapping[str, Path], names: Sequence[str], kind: str) -> None:
        there = [f"{self._store.root}/{name}" for name in names]
        self._store.files.put([str(files[name]) for name in names], there, **self._typed(kind))

    def write(self, name: str, data: bytes) -> None:
        """Write an object."""
        kind = mime_type(Path(name))
        self._explained(
            lambda: self._store.files.pipe_file(
                f"{self._store.root}/{name}", data, **self._typed(kind)
            )
        )

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects."""
        there = [f"{self._store.root}/{name}" for name in names]
        if there:
            self._explained(lambda: self._store.files.rm(there))

    def _explained(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401
        return self._store.explained(work, "publish again")

    def _typed(self, kind: str) -> dict[str, str]:
        """Return how this kind of store is told what a file is."""
        protocols = self._store.files.protocol
        names = (protocols,) if isinstance(protocols, str) else protocols
        return {"ContentType": kind} if "s3" in names else {}


def _by_kind(files: Mapping[str, Path]) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    for name in files:
        kinds.setdefault(mime_type(Path(name)), []).append(name)
    return kinds
