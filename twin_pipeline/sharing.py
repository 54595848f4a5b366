"""Pieces of work that several processes take from one folder, whoever comes first.

The process that needs the results does pieces itself, and others may help. A piece is claimed by a
file that only one can make; its result appears under its name at once, whole. A helper that dies
costs the time of its piece: whoever needs the result does it anew when nothing else is left to do
and it has waited long enough. Results are the same whoever does a piece, also if two do.
"""

import os
import socket
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np

from twin_pipeline.durable.files import remove
from twin_pipeline.shelves import Parts, Spread, flush_all, packed, unpacked

_LOOK_EVERY_S = 0.05
_PATIENCE = 3.0
"""Times the longest piece so far takes, after which one that somebody else does is done anew."""

_LEAST_PATIENCE_S = 20.0


class Table:
    """A folder with pieces of work."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._longest_s = 0.0
        self.done_by: Counter[str] = Counter()
        """Pieces by the process that claimed them."""

    def lay_out(self, function: Callable[..., Parts], works: Sequence[tuple[object, ...]]) -> None:
        """Put pieces of work here, the arguments of a function for each."""
        for number, work in enumerate(works):
            self._write(f"{number}.work", packed((function, work)))

    def claim(self) -> int | None:
        """Take a piece that nobody has taken; None where there is none."""
        for work in sorted(self._folder.glob("*.work"), key=lambda path: int(path.stem)):
            number = int(work.stem)
            try:
                with (self._folder / f"{number}.claim").open("x", encoding="utf-8") as file:
                    file.write(f"{socket.gethostname()} {os.getpid()}")
            except (FileExistsError, FileNotFoundError):
                continue
            return number
        return None

    def do(self, number: int) -> None:
        """Do a piece."""
        began = time.monotonic()
        function, work = unpacked((self._folder / f"{number}.work").read_bytes())
        parts = function(*work)
        made = self._folder / f"{uuid.uuid4().hex}.part"
        with made.open("xb") as file:
            np.savez(file, **parts)
        made.rename(self._result(number))
        self._longest_s = max(self._longest_s, time.monotonic() - began)

    def result(self, number: int) -> Parts:
        """Return the result of a piece, meanwhile doing what nobody has taken; its file is gone."""
        since = time.monotonic()
        while not self._result(number).exists():
            mine = self.claim()
            if mine is not None:
                self.do(mine)
                since = time.monotonic()
            elif time.monotonic() - since > max(_LEAST_PATIENCE_S, _PATIENCE * self._longest_s):
                self.do(number)
            else:
                time.sleep(_LOOK_EVERY_S)
        with np.load(self._result(number), allow_pickle=False) as archive:
            parts = {name: archive[name] for name in archive.files}
        self.done_by[(self._folder / f"{number}.claim").read_text(encoding="utf-8")] += 1
        for name in (f"{number}.work", self._result(number).name):
            (self._folder / name).unlink()
        return parts

    def _result(self, number: int) -> Path:
        return self._folder / f"{number}.npz"

    def _write(self, name: str, content: bytes) -> None:
        made = self._folder / f"{uuid.uuid4().hex}.part"
        made.write_bytes(content)
        made.rename(self._folder / name)


class SharedSpread(Spread):
    """Does pieces of work together with helpers."""

    def __init__(
        self,
        folder: Path,
        helped: Callable[[Path], AbstractContextManager[None]],
        *,
        hands: int,
        far: bool = False,
    ) -> None:
        """Have the folder of the work's folders, who helps while one is there, and how many.

        Those who are far, on other machines, see of files only what is on the disk.
        """
        self.hands = hands
        self.done_by: Counter[str] = Counter()
        self._folder, self._helped, self._far = folder, helped, far

    def map(
        self, function: Callable[..., Parts], works: Sequence[tuple[object, ...]]
    ) -> Iterator[Parts]:
        """Yield what a function makes of the arguments of each piece of work, in their order."""
        if len(works) < 2:
            yield from super().map(function, works)
            return
        with _folder_in(self._folder) as folder:
            table = Table(folder)
            if self._far:
                flush_all()
            table.lay_out(function, works)
            with self._helped(folder):
                for number in range(len(works)):
                    yield table.result(number)
            self.done_by += table.done_by


@contextmanager
def _folder_in(place: Path) -> Iterator[Path]:
    folder = place / f"work-{uuid.uuid4().hex}"
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        remove(folder)
