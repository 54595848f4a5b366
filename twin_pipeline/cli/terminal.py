"""Shows a run's progress on stderr: a bar on a terminal, plain lines elsewhere."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TimeElapsedColumn,
)
from rich.table import Column
from rich.text import Text

from twin_pipeline import progress as reporting
from twin_pipeline.cli.pace import COUNTED, Pace, pace_text
from twin_pipeline.output import in_one_line


class _SiteColumn(ProgressColumn):
    """The site, cut where the line is too short for all."""

    def render(self, task: Task) -> Text:
        """Return it as it is: brackets in the names of files are no markup."""
        site = task.fields.get("site", "")
        return Text(f"{site}:" if site else "", no_wrap=True, overflow="ellipsis")


class _StepColumn(ProgressColumn):
    """What is being done."""

    def render(self, task: Task) -> Text:
        """Return it."""
        return Text(task.description)


class _PaceColumn(ProgressColumn):
    """How fast a step with many parts is, and how long it will take still."""

    def render(self, task: Task) -> Text:
        """Return nothing for steps of which only the end is known."""
        if "sites" in task.fields:
            return Text(f"{task.completed:.0f} of {task.total:.0f}{_left(task.time_remaining)}")
        if task.total is None or not task.speed or task.total < COUNTED:
            return Text("")
        return Text(pace_text(task.speed, (task.total - task.completed) / task.speed))


def _left(seconds: float | None) -> str:
    if not seconds:
        return ""
    return f", {seconds / 3600:.1f} h left" if seconds > 5400 else f", {seconds / 60:.0f} min left"


class TerminalProgress(reporting.Progress):
    """News of a run on stderr; a context manager, so that the bar goes away at the end."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        columns = (
            _SiteColumn(),
            _StepColumn(Column(no_wrap=True)),
            BarColumn(),
            TimeElapsedColumn(),
            _PaceColumn(Column(no_wrap=True)),
        )
        self._bar = Progress(
            *columns, console=console, transient=True, disable=quiet or not console.is_terminal
        )
        self._task: TaskID | None = None
        self._sites: TaskID | None = None
        self._running: dict[str, TaskID] = {}
        """A bar for each of several sites."""
        self._paces: dict[str, Pace] = {}
        self._site = ""

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def sites(self, done: int, total: int) -> None:
        """Begin a bar of all sites."""
        if done:
            self.note(f"{done} of {total} sites are done already")
        self._sites = self._bar.add_task("sites", total=total, completed=done, sites=True)

    def site(self, name: str, number: int, total: int) -> None:
        """Name the site in all that follows."""
        self._site = name if total == 1 else f"{name} ({number}/{total})"
        if self._bar.disable:
            self.note(self._site)

    def stage(self, name: str) -> None:
        """Begin a new bar."""
        if self._task is not None:
            self._bar.remove_task(self._task)
        site = self._site if self._sites is None else ""
        self._paces[""] = Pace(f"{site}: {name}" if self._sites is None else name)
        self._task = self._bar.add_task(name, total=None, site=site)

    def stage_of(self, name: str, stage: str) -> None:
        """Begin a new bar for one of several sites in place of its last."""
        if self._sites is None:
            self.stage(stage)
            return
        self._forget(name)
        self._paces[name] = Pace(f"{name}: {stage}")
        self._running[name] = self._bar.add_task(stage, total=None, site=name)

    def ended(self, name: str, done: int, total: int, failure: str | None) -> None:
        """Count the sites that are done; say what failed at once."""
        if failure is not None:
            self.note(f"{name} failed ({done}/{total}): {failure}")
        elif total > 1 and self._bar.disable:
            self.note(f"{name} done ({done}/{total})")
        self._forget(name)
        if self._sites is not None:
            self._bar.update(self._sites, completed=done)

    def advance(self, done: int, total: int) -> None:
        """Fill the bar; without one say now and then how far the step is."""
        self._advance("", self._task, done, total)

    def advance_of(self, name: str, done: int, total: int) -> None:
        """Fill the bar of one of several sites."""
        if self._sites is None:
            self.advance(done, total)
        else:
            self._advance(name, self._running.get(name), done, total)

    def _advance(self, name: str, task: TaskID | None, done: int, total: int) -> None:
        if task is not None:
            self._bar.update(task, completed=done, total=total)
        pace = self._paces.get(name)
        if self._bar.disable and pace is not None and not self._quiet:
            said = pace.line(done, total)
            if said is not None:
                self.note(said)

    def _forget(self, name: str) -> None:
        """Take away the bar of one of several sites."""
        self._paces.pop(name, None)
        task = self._running.pop(name, None)
        if task is not None:
            self._bar.remove_task(task)

    def note(self, message: str) -> None:
        """Print a line above the bar."""
        if self._quiet:
            return
        message = in_one_line(message)
        if self._bar.disable:
            print(message, file=sys.stderr, flush=True)  # noqa: T201 - this is the command line
        else:
            self._bar.console.print(message, markup=False)
