"""Where tortured runs put their output, and what must be true of it meanwhile and in the end."""

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.object_store import object_store
from twin_pipeline.progress import Progress
from twin_pipeline.remote import Store, local_place

TIMES = re.compile(
    r'"(started_at|finished_at)": "[^"]*"|"(timings_s|memory_mb)": \{[^}]*\}'
    r"|\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)|<p>read .* s</p>"
)


class DifferenceError(AssertionError):
    """Outputs are not what they must be."""


def told(out: Path) -> dict[str, bytes]:
    """Return the content of every file below an output folder, times masked."""
    return {
        str(path.relative_to(out)): _without_times(path)
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != "log.jsonl"
    }


def _without_times(path: Path) -> bytes:
    if path.suffix in (".json", ".html"):
        return TIMES.sub("TIME", path.read_text("utf-8")).encode()
    return path.read_bytes()


def require_same(out: Path, reference: Path) -> int:
    """Compare two output folders; return the number of files."""
    mine, other = told(out), told(reference)
    odd = sorted(mine.keys() ^ other.keys()) + [k for k in mine if mine[k] != other.get(k)]
    if odd:
        raise DifferenceError(f"{out} differs from {reference}: {', '.join(dict.fromkeys(odd))}")
    return len(mine)


def require_whole_or_absent(out: Path) -> None:
    """Check what somebody sees who looks at the folder at this moment."""
    if out.exists():
        json.loads((out / "run.json").read_text("utf-8"))
        with sqlite3.connect(f"file:{out / 'pipes.gpkg'}?mode=ro", uri=True) as database:
            database.execute("SELECT count(*) FROM pipes").fetchone()
        if not (out / "tiles" / "tileset.json").exists():
            raise DifferenceError(f"{out}: has no tileset")


class LocalPlace:
    """Where the tortured runs put their output, in a folder with the reference beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reference = folder / "reference"
        self.local = self.out = folder / "out"

    def exists(self) -> bool:
        """Whether a run has come to its end."""
        return self.local.exists()

    def require_whole_or_absent(self) -> None:
        """Check what somebody sees who looks now."""
        require_whole_or_absent(self.local)

    def require_same(self) -> int:
        """Compare with the reference; return the number of files."""
        left = [path.name for path in self.folder.iterdir() if path.name.startswith(".")]
        if left:
            raise DifferenceError(f"left behind: {left}")
        return require_same(self.local, self.reference)

    def clear(self) -> None:
        """Make room for the next."""
        shutil.rmtree(self.local)


class StorePlace(LocalPlace):
    """The same in object storage; `local` is where the output is made before it is put there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.out = Path("s3://bucket/out")
        self.local = local_place("s3://bucket/out")
        self._store = Store.at("s3://bucket/out")
        self._store.files.mkdir("bucket")

    def exists(self) -> bool:
        return self._store.record() is not None

    def require_whole_or_absent(self) -> None:
        if self.exists():
            self.require_same()

    def require_same(self) -> int:
        fetched = self.folder / "fetched"
        self._store.fetch(fetched, Progress())
        count = require_same(fetched, self.reference)
        shutil.rmtree(fetched)
        return count

    def clear(self) -> None:
        left = [path.name for path in self.local.parents[1].iterdir()]
        if left:
            raise DifferenceError(f"left behind: {left}")
        self._store.files.rm(self._store.root, recursive=True)


@contextmanager
def place_in(folder: Path, *, store: bool) -> Iterator[LocalPlace]:
    """Give a place; that of a store is there as long as the block."""
    if not store:
        yield LocalPlace(folder)
        return
    with object_store(folder / "home") as environment:
        os.environ.update(environment)
        yield StorePlace(folder)
