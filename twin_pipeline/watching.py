"""What a run over sites tells: the user, its log, and `status`."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

from twin_pipeline.durable.files import write_plain_json
from twin_pipeline.durable.log import EventLog
from twin_pipeline.durable.work import Work
from twin_pipeline.performing import Failure
from twin_pipeline.progress import Progress
from twin_pipeline.site import Site

TOLD_EVERY_S = 1.0
"""Time between two words on how far one step of a site is."""


@dataclass(slots=True)
class _Running:
    """A site that is worked on."""

    number: int
    """Names its file for `status`."""
    stage: str = ""
    told_s: float = 0.0
    """When it was last told how far the stage is."""


class Watch:
    """Passes news of sites on to where they are wanted."""

    def __init__(
        self, progress: Progress, log: EventLog, work: Work, *, total: int, done: int
    ) -> None:
        self.progress = progress
        self.log = log
        self._work = work
        self._total = total
        self._ended = done
        self._begun: dict[str, _Running] = {}
        if total > 1:
            progress.sites(done, total)

    def of(self, site: Site) -> Progress:
        """Return where the work on one site tells its progress."""
        return _SiteProgress(self, site.name)

    def began(self, name: str) -> None:
        """Take note that work on a site begins, or begins anew."""
        running = self._begun.setdefault(name, _Running(self._ended + len(self._begun) + 1))
        self.log.write("site began", site=name)
        self.progress.site(name, min(running.number, self._total), self._total)

    def stage(self, name: str, stage: str) -> None:
        """Take note that a step of a site begins."""
        if name not in self._begun:
            self.began(name)
        self.log.write("stage", site=name, stage=stage)
        self._begun[name].stage = stage
        self._write(name)
        self.progress.stage_of(name, stage)

    def advance(self, name: str, done: int, total: int) -> None:
        """Take note how far the current step of a site is."""
        running = self._begun.get(name)
        if running is None:
            return
        self.progress.advance_of(name, done, total)
        if time.monotonic() - running.told_s >= TOLD_EVERY_S:
            running.told_s = time.monotonic()
            self._write(name, done=done, total=total)

    def _write(self, name: str, **facts: int) -> None:
        """Tell `status` of a site."""
        running = self._begun[name]
        known = {"site": name, "stage": running.stage, "pid": os.getpid()} | facts
        write_plain_json(self._work.running / f"{running.number}.json", known)

    def ended(self, site: Site, failure: Failure | None) -> None:
        """Take note that a site is done or has failed."""
        facts: Mapping[str, object] = {} if failure is None else failure.to_dict()
        self.log.write("site failed" if failure else "site done", **{"site": site.name, **facts})
        running = self._begun.pop(site.name, None)
        if running is not None:
            (self._work.running / f"{running.number}.json").unlink(missing_ok=True)
        self._ended += 1
        self.progress.ended(
            site.name, self._ended, self._total, failure.reason if failure else None
        )


class _SiteProgress(Progress):
    """The progress of one site in this process."""

    def __init__(self, watch: Watch, name: str) -> None:
        self._watch = watch
        self._name = name

    def stage(self, name: str) -> None:
        self._watch.stage(self._name, name)

    def advance(self, done: int, total: int) -> None:
        self._watch.advance(self._name, done, total)

    def note(self, message: str) -> None:
        self._watch.progress.note(message)
