"""The work folder beside an output folder: what is done stays done until all is put in place.

.OUT.work/
lock         held by the run that works here
batch.json   what is to be done; its removal is the end of the run
log.jsonl    events
attempts/    what sites write while they are worked on
running/     a file a site that is worked on, for `status`
failed/      a file a site that failed, for `status`
partial/     a folder a site with what it can go on from if its process dies
stage/       the output folder as far as it is; tiles/LAYER/SITE and sites/SITE of a site are
valid if sites/SITE/site.json is there
exchange.json  which folder the stage is, before it and OUT take each other's place
replaced     the former OUT, until it is removed
"""

import os
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from twin_pipeline.durable.exchange import has_taken_place, take_place
from twin_pipeline.durable.files import (
    entries,
    link_file,
    link_tree,
    read_json,
    remove,
    sync_folder,
    sync_tree,
    write_json,
)
from twin_pipeline.durable.lock import HeldError, holder, locked
from twin_pipeline.errors import Interrupted, OutputError
from twin_pipeline.output import RECORD, SITES, require_free, unwritable

STATE = "site.json"

_PLAN, _LOCK, _EXCHANGED = "batch.json", "lock", "exchange.json"


def work_path(out: Path) -> Path:
    """Return the work folder that belongs to an output folder."""
    place = out.resolve()
    return place.with_name(f".{place.name}.work")


def at_work(out: Path) -> str | None:
    """Return who works on an output folder at the moment, None if nobody does."""
    return holder(work_path(out) / _LOCK)


def plan_of(out: Path) -> dict[str, Any] | None:
    """Return what an unfinished run was to do, None if there is none."""
    return read_json(work_path(out) / _PLAN)


@contextmanager
def work_folder(
    out: Path, *, overwrite: bool, resume: bool, inputs: Sequence[Path] = ()
) -> Iterator["Work"]:
    """Yield the work folder of `out`, locked, and with what an earlier run left if `resume`.

    It is removed at the end if it was published or if no site in it is done.

    Raises
    ------
    OutputError
        When another run has it, an unfinished run lies there and is neither to be resumed nor
        to be replaced, or `out` may not be replaced or written.
    """
    require_free(out, overwrite=overwrite or resume, inputs=inputs)
    with ExitStack() as stack:
        try:
            work = _enter(stack, out)
            work.recover()
            require_free(out, overwrite=overwrite or resume, inputs=inputs)
            _require_new(work, may_exist=overwrite or resume)
            if not resume:
                work.empty()
        except HeldError as error:
            raise OutputError(
                f"{out}: another run ({error.holder}) is working on it; wait for its end "
                "(`twin-pipeline status` shows how far it is), or give another folder with -o"
            ) from error
        except OSError as error:
            raise unwritable(out, error) from error
        yield work


@contextmanager
def standing(out: Path) -> Iterator[None]:
    """Keep runs away from a finished output folder while something in it is changed.

    Raises
    ------
    OutputError
        When there is none, or a run works on it.
    """
    with ExitStack() as stack:
        try:
            work = _enter(stack, out)
            work.recover()
        except HeldError as error:
            raise OutputError(
                f"{out}: a run ({error.holder}) is working on it; wait for its end"
            ) from error
        except OSError as error:
            raise unwritable(out, error) from error
        yield


def _enter(stack: ExitStack, out: Path) -> "Work":
    folder = work_path(out)
    folder.parent.mkdir(parents=True, exist_ok=True)
    while True:
        folder.mkdir(mode=0o700, exist_ok=True)
        with suppress(FileNotFoundError):  # whoever had the lock has removed the folder meanwhile
            stack.enter_context(locked(folder / _LOCK))
            break
    work = Work(out, folder)
    stack.callback(work.leave)
    return work


def _require_new(work: "Work", *, may_exist: bool) -> None:
    """Raise OutputError where an interrupted run would be lost."""
    plan, done = work.plan, work.done()
    if plan and done and not may_exist:
        raise OutputError(
            f"{work.out}: an interrupted run is there, {len(done)} of {len(plan['sites'])} sites "
            "done; give --resume to go on with it, or --overwrite to begin anew"
        )


def partial_of(attempt: Path, name: str) -> Path:
    """Return where an attempt at a site keeps what a later one can go on from.

    On a cluster an attempt lies a folder deeper than in the run's own process.
    """
    near, far, *_ = attempt.parents
    attempts = far if far.name == "attempts" else near
    return attempts.parent / "partial" / name


class Work:
    """A locked work folder."""

    def __init__(self, out: Path, folder: Path) -> None:
        self.out = out
        self.folder = folder
        self.stage = folder / "stage"
        self.attempts = folder / "attempts"
        self.running = folder / "running"
        self.failed = folder / "failed"
        self.partial = folder / "partial"
        self.log = folder / "log.jsonl"
        self.keep = True
        """Whether sites that are done are worth keeping when the run fails."""
        self.place = out.resolve()
        self._replaced = folder / "replaced"

    @property
    def plan(self) -> dict[str, Any] | None:
        """What is to be done, None before `begin`."""
        return read_json(self.folder / _PLAN)

    def begin(self, plan: Mapping[str, Any]) -> None:
        """Note what is to be done, and clear away what is of no use for it."""
        for passing in (self.attempts, self.running, self.failed):
            remove(passing)
            passing.mkdir()
        self.stage.mkdir(exist_ok=True)
        self._sweep()
        write_json(self.folder / _PLAN, plan)

    def _sweep(self) -> None:
        """Leave nothing in the stage but what belongs to sites."""
        kept = {self.stage / SITES, self.stage / "tiles"}
        for path in entries(self.stage):
            if path not in kept:
                remove(path)
        for path in entries(self.stage / "tiles"):
            if not path.is_dir():
                remove(path)
        for path in self.stage.glob(f"{SITES}/*/.*"):
            remove(path)

    def recover(self) -> None:
        """Finish what a run that died while it published had begun, or clear up after it."""
        if self._replaced.exists() and not self.place.exists():
            newest = self.stage if (self.stage / RECORD).exists() else self._replaced
            newest.rename(self.place)
            sync_folder(self.place.parent)
        gone = self._replaced.exists() or has_taken_place(
            self.stage, self.place, self.folder / _EXCHANGED
        )
        if self.published or gone or self.plan is None:
            self.empty()

    def empty(self) -> None:
        """Remove everything but the lock, the plan first: without it nothing here counts."""
        (self.folder / _PLAN).unlink(missing_ok=True)
        for path in entries(self.folder):
            if path.name != _LOCK:
                remove(path)

    def leave(self) -> None:
        """Remove the folder, lock included, unless there is work in it that is worth keeping."""
        if self.worth_keeping:
            return
        written = self.published
        try:
            self._vanish()
        except KeyboardInterrupt as error:
            self._vanish()
            if written:
                raise Interrupted(f"interrupted when {self.out} had been written") from error
            raise

    def _vanish(self) -> None:
        self.empty()
        with suppress(OSError):
            (self.folder / _LOCK).unlink()
            self.folder.rmdir()

    @property
    def worth_keeping(self) -> bool:
        """Whether there is work that --resume can go on from."""
        if self.plan is None or self.published:
            return False
        return any(entries(self.partial)) or (self.keep and bool(self.done()))

    @property
    def published(self) -> bool:
        """Whether the stage has taken the place of the output folder."""
        planned = (self.folder / _PLAN).exists()
        return planned and not self.stage.exists() and (self.place / RECORD).exists()

    def done(self) -> dict[str, dict[str, Any]]:
        """Return the state of each site that is done, by name."""
        return _states(self.stage / SITES)

    def finished(self) -> dict[str, dict[str, Any]]:
        """Return the state of each site of the run that stands at `out`, by name."""
        return _states(self.place / SITES)

    def attempt(self, number: int) -> Path:
        """Return a new name in `attempts` for a try at a site."""
        return self.attempts / f"{number}-{uuid.uuid4().hex}"

    def adopt(self, name: str) -> None:
        """Take over a site from the run that stands at `out`."""
        self.forget(name)
        for owned in _owned(self.place, name):
            target = self.stage / owned.relative_to(self.place)
            target.parent.mkdir(parents=True, exist_ok=True)
            state = owned / STATE
            link_tree(owned, target)
            if state.exists():
                sync_tree(target)

    def adopt_others(self, left_out: Collection[str]) -> None:
        """Take over what stands at `out` that belongs to no site and was not written anew.

        Entries of the names `left_out` stay behind.
        """
        for path in entries(self.place):
            target = self.stage / path.name
            if path.name in {SITES, "tiles", *left_out} or target.exists():
                continue
            if path.is_dir():
                link_tree(path, target)
            else:
                link_file(path, target)

    def forget(self, name: str) -> None:
        """Remove what there is of a site, its state first."""
        (self.stage / SITES / name / STATE).unlink(missing_ok=True)
        for owned in _owned(self.stage, name):
            remove(owned)

    def commit(self, name: str, attempt: Path, state: Mapping[str, Any]) -> None:
        """Take over what an attempt at a site has written; its state, written last, says so."""
        self.forget(name)
        sync_tree(attempt)
        for owned in _owned(attempt, name):
            target = self.stage / owned.relative_to(attempt)
            target.parent.mkdir(parents=True, exist_ok=True)
            owned.rename(target)
            sync_folder(target.parent)
        remove(attempt)
        remove(self.partial / name)
        write_json(self.stage / SITES / name / STATE, state)

    def publish(self, *, replace: bool) -> None:
        """Let the stage take the place of `out`; at every moment one of the two is whole on disk.

        Raises
        ------
        OutputError
            When `out` has come into being meanwhile, or can't be written.
        """
        require_free(self.out, overwrite=replace)
        remove(self.attempts)
        try:
            self._sync_stage()
            take_place(self.stage, self.place, self._replaced, self.folder / _EXCHANGED)
            sync_folder(self.place.parent)
        except OSError as error:
            raise unwritable(self.out, error) from error

    def _sync_stage(self) -> None:
        """Bring the stage onto the disk; tiles of sites that are done were before."""
        done = [self.stage / "tiles" / layer for layer in _layers(self.stage)]
        sync_tree(self.stage, but={place / name for place in done for name in self.done()})


def _layers(root: Path) -> list[str]:
    """Return the names of the folders in tiles; a look at each file there would take long."""
    try:
        with os.scandir(root / "tiles") as found:
            return sorted(entry.name for entry in found if entry.is_dir())
    except FileNotFoundError:
        return []


def _owned(root: Path, name: str) -> list[Path]:
    """Return the folders below `root` that belong to one site, that with its state last."""
    layers = [root / "tiles" / layer / name for layer in _layers(root)]
    return [path for path in (*layers, root / SITES / name) if path.is_dir()]


def _states(folder: Path) -> dict[str, dict[str, Any]]:
    found = {path.name: read_json(path / STATE) for path in entries(folder)}
    return {name: state for name, state in found.items() if state is not None}


def free_bytes(folder: Path) -> int:
    """Return how much room a folder's file system has for us."""
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize
