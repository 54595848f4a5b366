"""An output folder in object storage: made on this machine, then put there, its record last.

A store has no rename, so `run.json` decides: it is removed first and written last, and whoever
finds it finds a whole run. While objects are on their way a marker tells that they are ours.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from twin_pipeline.durable.files import remove
from twin_pipeline.durable.lock import HeldError, holder, locked
from twin_pipeline.errors import OutputError, UsageError
from twin_pipeline.output import RECORD
from twin_pipeline.progress import Progress

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/+(.*)")
_PASSWORD = re.compile(r"(://[^/@:\s]*):[^/@\s]*@")
_MARKER = ".twin-pipeline-unfinished"
_INDICES = ("tiles/tileset.json", "catalog.json", RECORD)
"""What leads to other objects; written after them, in this order."""
_BATCH = 200
_PATIENCE = {"config_kwargs": {"retries": {"max_attempts": 3, "mode": "standard"}}}
"""s3fs tries five times in its turn and waits 15 s for each answer: some minutes in all."""


def address_of(out: Path) -> str | None:
    """Return the address that a path was meant as, such as s3://bucket/folder; None for a path."""
    found = _ADDRESS.fullmatch(str(out))
    return f"{found[1]}://{found[2].rstrip('/')}" if found else None


def shown(text: str) -> str:
    """Return an address, or text with addresses in it, without the password of its user."""
    return _PASSWORD.sub(r"\1:***@", text)


def local_place(address: str) -> Path:
    """Return where on this machine an output for an address is made."""
    name = hashlib.sha256(address.encode()).hexdigest()[:16]
    return platformdirs.user_state_path("twin-pipeline") / "outputs" / name / "out"


@dataclass(frozen=True, slots=True)
class Store:
    """A folder in object storage."""

    address: str
    files: Any
    """File system of fsspec."""
    root: str
    """Name of the folder in that file system."""

    @classmethod
    def at(cls, address: str) -> "Store":
        """Connect to it.

        Raises
        ------
        UsageError
            When nothing is installed for such addresses.
        OutputError
            When it can't be reached.
        """
        import fsspec

        patience = {} if "AWS_MAX_ATTEMPTS" in os.environ else _PATIENCE
        options = patience if address.startswith("s3:") else {}
        try:
            files, root = fsspec.core.url_to_fs(address, **options)
        except (ImportError, ValueError) as error:
            scheme = address.split(":", 1)[0]
            extra = "pip install 'twin-pipeline[s3]'" if scheme == "s3" else f"({error})"
            raise UsageError(
                f"{shown(address)}: nothing is installed for {scheme}:// addresses; {extra}"
            ) from error
        return cls(address, files, root.rstrip("/"))

    @property
    def name(self) -> str:
        """Its address as it may be told."""
        return shown(self.address)

    def require_free(self, *, overwrite: bool, resume: bool) -> None:
        """Raise OutputError unless a run may write there."""
        names = self.explained(self._names)
        if not names or (_MARKER in names and (overwrite or resume)):
            return
        if _MARKER in names:
            raise OutputError(
                f"{self.name}: an interrupted run is there; give --resume or --overwrite"
            )
        if RECORD not in names:
            raise OutputError(
                f"{self.name}: holds objects and is no output of twin-pipeline (it has no "
                f"{RECORD}), so it is left alone; give another one with -o"
            )
        if not (overwrite or resume):
            raise OutputError(
                f"{self.name}: holds a finished run; give --overwrite to replace it, --resume "
                "to do only what has changed or failed, or another one with -o"
            )

    def record(self) -> dict[str, Any] | None:
        """Return what the finished run there says of itself, None where there is no whole one."""
        names = self.explained(self._names)
        if RECORD not in names or _MARKER in names:
            return None
        found = self.explained(lambda: json.loads(self.files.cat_file(f"{self.root}/{RECORD}")))
        return found if isinstance(found, dict) else None

    def fetch(self, out: Path, progress: Progress) -> None:
        """Bring a finished run to this machine, if there is one, so that it can be resumed."""
        names = self.explained(self._names)
        if RECORD not in names or out.exists():
            return
        progress.stage("fetch")
        out.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.explained(lambda: self._get(sorted(names), out))

    def publish(self, out: Path, progress: Progress) -> None:
        """Put a finished output folder there; what was there before and is no more is removed.

        Raises
        ------
        OutputError
            When it can't be written; the run stays on this machine for --resume.
        """
        progress.stage("upload")
        self.explained(lambda: self._put(out, progress))

    def _names(self) -> set[str]:
        self.files.invalidate_cache()
        found = self.files.find(self.root)
        return {name[len(self.root) :].lstrip("/") for name in found}

    def _get(self, names: Sequence[str], out: Path) -> None:
        partial = out.with_name("fetched")
        remove(partial)
        for name in names:
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
        self.files.get(self._there(names), [str(partial / name) for name in names])
        partial.rename(out)

    def _put(self, out: Path, progress: Progress) -> None:
        before = self._names()
        self.files.pipe_file(f"{self.root}/{_MARKER}", b"")
        if RECORD in before:
            self.files.rm_file(f"{self.root}/{RECORD}")
        names = [str(path.relative_to(out)) for path in sorted(out.rglob("*")) if path.is_file()]
        plain = [name for name in names if name not in _INDICES]
        for start in range(0, len(plain), _BATCH):
            batch = plain[start : start + _BATCH]
            self.files.put([str(out / name) for name in batch], self._there(batch))
            progress.advance(min(start + _BATCH, len(plain)), len(names))
        stale = sorted(before - set(names) - {_MARKER, RECORD})
        last = [name for name in _INDICES if name in names]
        for name in last[:-1]:
            self.files.put_file(str(out / name), f"{self.root}/{name}")
        if stale:
            self.files.rm(self._there(stale))
        self.files.put_file(str(out / last[-1]), f"{self.root}/{last[-1]}")
        self.files.rm_file(f"{self.root}/{_MARKER}")

    def _there(self, names: Sequence[str]) -> list[str]:
        return [f"{self.root}/{name}" for name in names]

    def explained(self, work: Any, remedy: str = "give --resume") -> Any:  # noqa: ANN401
        """Do something there; what goes wrong becomes one line, whatever a store raises."""
        try:
            return work()
        except FileNotFoundError as error:
            raise OutputError(
                f"{self.name}: does not exist ({shown(str(error))}); make it first"
            ) from error
        except Exception as error:
            reason = " ".join(shown(str(error)).split())[:300] or type(error).__name__
            raise OutputError(
                f"{self.name}: can't be used ({reason}); check address, keys and network, then "
                f"{remedy}"
            ) from error


def forget(address: str) -> None:
    """Remove what was kept on this machine for an address."""
    remove(local_place(address).parent)


@contextmanager
def reserved(address: str) -> Iterator[None]:
    """Keep other runs of this machine away from an address, until its upload has ended.

    Raises
    ------
    OutputError
        When another run works for it.
    """
    folder = local_place(address).parent
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(folder.with_suffix(".lock")):
            yield
            folder.with_suffix(".lock").unlink(missing_ok=True)
    except HeldError as error:
        raise OutputError(
            f"{shown(address)}: another run ({error.holder}) is working on it; wait for its end, "
            "or give another address with -o"
        ) from error


def who_works(address: str) -> str | None:
    """Return which process of this machine works for an address, None if none does."""
    return holder(local_place(address).parent.with_suffix(".lock"))
