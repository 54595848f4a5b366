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
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from twin_pipeline import progress as reporting
from twin_pipeline.cli.pace import COUNTED, Pace, pace_text


class _PaceColumn(ProgressColumn):
    """How fast a step with many parts is, and how long it will take still."""

    def render(self, task: Task) -> Text:
        """Return nothing for steps of which only the end is known."""
        if task.total is None or not task.speed or task.total < COUNTED:
            return Text("")
        return Text(pace_text(task.speed, (task.total - task.completed) / task.speed))


class TerminalProgress(reporting.Progress):
    """News of a run on stderr; a context manager, so that the bar goes away at the end."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            _PaceColumn(),
        )
        self._bar = Progress(
            *columns, console=console, transient=True, disable=quiet or not console.is_terminal
        )
        self._task: TaskID | None = None
        self._sites: TaskID | None = None
        self._site = ""
        self._pace: Pace | None = None

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

    def site(self, name: str, number: int, total: int) -> None:
        """Name the site in all that follows."""
        self._site = name if total == 1 else f"{name} ({number}/{total})"
        if self._bar.disable:
            self.note(self._site)

    def stage(self, name: str) -> None:
        """Begin a new bar."""
        self._drop_stage()
        self._pace = Pace(f"{self._site}: {name}")
        self._task = self._bar.add_task(_plain(f"{self._site}: {name}"), total=None)

    def _drop_stage(self) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = None

    def stage_of(self, name: str, stage: str) -> None:
        """Show the step of one of several sites."""
        if self._bar.disable or self._sites is None:
            self.stage(stage)
        else:
            self._bar.update(self._sites, description=_plain(f"{name}: {stage}"))

    def ended(self, name: str, done: int, total: int, failure: str | None) -> None:
        """Count the sites that are done; say what failed at once."""
        if failure is not None:
            self.note(f"{name} failed ({done}/{total}): {failure}")
        if total == 1 or self._bar.disable:
            return
        if self._sites is None:
            self._drop_stage()
            self._sites = self._bar.add_task(_plain(name), total=total)
        self._bar.update(self._sites, completed=done)

    def advance(self, done: int, total: int) -> None:
        """Fill the bar; without one say now and then how far the step is."""
        if self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
        if self._bar.disable and self._pace is not None and not self._quiet:
            said = self._pace.line(done, total)
            if said is not None:
                self.note(said)

    def note(self, message: str) -> None:
        """Print a line above the bar."""
        if self._quiet:
            return
        if self._bar.disable:
            print(message, file=sys.stderr, flush=True)  # noqa: T201 - this is the command line
        else:
            self._bar.console.print(message, markup=False)


def _plain(text: str) -> str:
    """Keep file names with brackets from being read as markup."""
    return text.replace("[", r"\[")
