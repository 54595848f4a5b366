"""What a run over sites tells: the user, its log, and `status`."""

import os
from collections.abc import Mapping

from twin_pipeline.durable.files import write_plain_json
from twin_pipeline.durable.log import EventLog
from twin_pipeline.durable.work import Work
from twin_pipeline.performing import Failure
from twin_pipeline.progress import Progress
from twin_pipeline.site import Site


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
        self._begun: dict[str, int] = {}

    def of(self, site: Site) -> Progress:
        """Return where the work on one site tells its progress."""
        return _SiteProgress(self, site.name)

    def began(self, name: str) -> None:
        """Take note that work on a site begins, or begins anew."""
        number = self._begun.setdefault(name, self._ended + len(self._begun) + 1)
        self.log.write("site began", site=name)
        self.progress.site(name, min(number, self._total), self._total)

    def stage(self, name: str, stage: str) -> None:
        """Take note that a step of a site begins."""
        if name not in self._begun:
            self.began(name)
        self.log.write("stage", site=name, stage=stage)
        fact = {"site": name, "stage": stage, "pid": os.getpid()}
        write_plain_json(self._work.running / f"{self._begun[name]}.json", fact)
        self.progress.stage_of(name, stage)

    def ended(self, site: Site, failure: Failure | None) -> None:
        """Take note that a site is done or has failed."""
        facts: Mapping[str, object] = {} if failure is None else failure.to_dict()
        self.log.write("site failed" if failure else "site done", **{"site": site.name, **facts})
        number = self._begun.pop(site.name, None)
        if number is not None:
            (self._work.running / f"{number}.json").unlink(missing_ok=True)
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
        self._watch.progress.advance(done, total)

    def note(self, message: str) -> None:
        self._watch.progress.note(message)
