"""Arrays that may be larger than the memory: files of a temporary folder, mapped into it.

The system drops pages of mapped files when memory is short, but counts them to the process until
then. A thread lets go of them earlier, so that a process stays as small as it is told to be; what
is let go comes back when it is touched, from the system's cache or from the disk.
"""

import math
import mmap
import os
import pickle
import shutil
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Parts = dict[str, Array]

_LOOK_EVERY_S = 0.01
_STATM = Path("/proc/self/statm")
_BUFFER = 1 << 20
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an array lies."""

    path: str
    dtype: str
    shape: tuple[int, ...]


_mapped: "weakref.WeakSet[mmap.mmap]" = weakref.WeakSet()
_places: dict[tuple[int, tuple[int, ...], str], _Place] = {}
"""Of the arrays that are mapped, by address, shape and type."""


_to_be_flushed: set[_Place] = set()
"""Arrays that are written by way of the memory."""


class Shelf:
    """A folder with large arrays."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self._count = 0

    def empty(self, dtype: npt.DTypeLike, *shape: int) -> Array:
        """Return an array, all zeros, whose room on the disk is taken already."""
        path = self.new_file()
        size = int(np.dtype(dtype).itemsize * math.prod(shape))
        with path.open("xb") as file:
            _take_room(file, size)
        place = _Place(str(path), np.dtype(dtype).str, shape)
        _to_be_flushed.add(place)
        return _opened(place)

    def keep(self, array: Array) -> Array:
        """Return an array with the same content."""
        roll = self.roll(array.dtype, *array.shape[1:])
        roll.append(array)
        return roll.finish()

    def joined(self, parts: Iterable[Array], dtype: npt.DTypeLike, *row: int) -> Array:
        """Return an array of parts, one behind the other."""
        roll = self.roll(dtype, *row)
        for part in parts:
            roll.append(part)
        return roll.finish()

    def roll(self, dtype: npt.DTypeLike, *row: int) -> "Roll":
        """Return an array to be written from its beginning to its end, of rows of a shape."""
        return Roll(self.new_file(), np.dtype(dtype), row)

    @contextmanager
    def aside(self) -> Iterator["Shelf"]:
        """Yield a shelf whose arrays are needed for a while only; then their room is free again."""
        shelf = Shelf(self.new_file())
        try:
            yield shelf
        finally:
            shutil.rmtree(shelf.folder, ignore_errors=True)

    def new_file(self) -> Path:
        """Return where a file may be written."""
        self._count += 1
        return self.folder / f"{os.getpid()}-{self._count}"


def in_chunks(array: Array) -> Iterator[Array]:
    """Yield parts of an array, one behind the other, that fit into the memory."""
    for first in range(0, len(array), _CHUNK):
        yield array[first : first + _CHUNK]


class Roll:
    """An array that is written part by part."""

    def __init__(self, path: Path, dtype: np.dtype[Any], row: tuple[int, ...]) -> None:
        self._path, self._dtype, self._row = path, dtype, row
        self._file = path.open("xb", buffering=_BUFFER)
        self._length = 0

    def append(self, part: Array) -> None:
        """Add rows to the end."""
        self._file.write(
            np.ascontiguousarray(part, self._dtype).data.cast("B") if part.size else b""
        )
        self._length += len(part)

    def finish(self) -> Array:
        """Return the array."""
        self._file.close()
        return _opened(_Place(str(self._path), self._dtype.str, (self._length, *self._row)))


def _take_room(file: IO[bytes], size: int) -> None:
    """Make a file so long; a full disk is told now, not by a signal when the array is written."""
    if size and hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    zeros = bytes(_BUFFER)
    for first in range(0, size, _BUFFER):
        file.write(zeros[: size - first])


def _opened(place: _Place) -> Array:
    """Map an array into memory."""
    dtype = np.dtype(place.dtype)
    if math.prod(place.shape) == 0:
        return np.empty(place.shape, dtype)
    with Path(place.path).open("r+b") as file:
        pages = mmap.mmap(file.fileno(), 0)
    _mapped.add(pages)
    array = np.frombuffer(pages, dtype).reshape(place.shape)
    name = (array.ctypes.data, place.shape, place.dtype)
    _places[name] = place
    weakref.finalize(pages, _places.pop, name, None)
    return array


def _place_of(array: Array) -> _Place | None:
    if not array.flags.c_contiguous:
        return None
    return _places.get((array.ctypes.data, array.shape, array.dtype.str))


def flush_all() -> None:
    """Bring onto the disk what was written to arrays by way of the memory."""
    for place in list(_to_be_flushed):
        _to_be_flushed.discard(place)
        with suppress(OSError), Path(place.path).open("rb") as file:
            os.fsync(file.fileno())


def packed(work: object) -> bytes:
    """Return an object for another process that sees the same files; arrays there stay there."""

    class Pickler(pickle.Pickler):
        def persistent_id(self, found: object) -> _Place | None:
            return _place_of(found) if type(found) is np.ndarray else None

    stream = BytesIO()
    Pickler(stream, pickle.HIGHEST_PROTOCOL).dump(work)
    return stream.getvalue()


def unpacked(work: bytes) -> Any:  # noqa: ANN401 - whatever was packed
    """Return an object that `packed` packed in another process of this run."""

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, place: _Place) -> Array:
            return _opened(place)

    return Unpickler(BytesIO(work)).load()


class Spread:
    """Does pieces of work one after the other, in this process."""

    hands = 1
    """Processes that share the work."""

    def map(
        self, function: Callable[..., Parts], works: Sequence[tuple[object, ...]]
    ) -> Iterator[Parts]:
        """Yield what a function makes of the arguments of each piece of work, in their order."""
        for work in works:
            yield function(*work)


Other = TypeVar("Other", bound=Spread)

_now: ContextVar[Spread] = ContextVar("spread", default=Spread())  # noqa: B039 - has no state


def spread_of_now() -> Spread:
    """Return how pieces of work are done where this is called."""
    return _now.get()


@contextmanager
def spreading(spread: Other) -> Iterator[Other]:
    """Have pieces of work done in another way inside the block."""
    token = _now.set(spread)
    try:
        yield spread
    finally:
        _now.reset(token)


@contextmanager
def kept_small(most_bytes: int) -> Iterator[None]:
    """Keep the mapped arrays that the process holds in memory below a size, roughly."""
    over = threading.Event()

    def look() -> None:
        began = _shared_bytes()
        while not over.wait(_LOOK_EVERY_S):
            if _shared_bytes() - began > most_bytes:
                _let_go()

    keeper = threading.Thread(target=look, name="keeps mapped arrays small", daemon=True)
    if hasattr(mmap, "MADV_DONTNEED") and _STATM.exists():
        keeper.start()
    try:
        yield
    finally:
        over.set()
        if keeper.ident is not None:
            keeper.join()


def _shared_bytes() -> int:
    """Return how much of files the process holds in memory."""
    return int(_STATM.read_bytes().split()[2]) * mmap.PAGESIZE


def _let_go() -> None:
    for pages in list(_mapped):
        with suppress(ValueError, OSError):  # closed meanwhile
            pages.madvise(mmap.MADV_DONTNEED)
