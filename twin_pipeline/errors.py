"""Errors that a user can act on: each message names the file, the value and the remedy."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any


class TwinPipelineError(Exception):
    """Base of all errors raised on purpose; `exit_code` is what the command line returns."""

    exit_code = 1
    remedy = "do what the reason says; then run again with --resume"
    """What to do next where the site of a batch has failed so."""


class InputError(TwinPipelineError):
    """A scan or side file can't be read, or holds nothing usable."""

    remedy = "replace the file by a sound one; then run again with --resume"


class OutputError(TwinPipelineError):
    """The output folder exists already, is not ours, or can't be written."""


class UsageError(TwinPipelineError):
    """A flag or configuration value is wrong."""

    exit_code = 2


class GeoreferenceError(TwinPipelineError):
    """Coordinates or heights can't be established from what was given."""

    exit_code = 4
    remedy = "give the flag or key that the reason names; then run again with --resume"

    def __init__(self, message: str, *, unsaid: bool = False) -> None:
        super().__init__(message)
        self.unsaid = unsaid
        """Whether nothing is wrong so far, but nobody has said enough."""


class AllFailedError(TwinPipelineError):
    """Not one site of several could be done."""

    def __init__(self, record: Mapping[str, Any], codes: Sequence[int]) -> None:
        super().__init__(f"all {len(codes)} sites failed, so nothing was written")
        self.record = record
        """What run.json would hold."""
        if len(set(codes)) == 1:
            self.exit_code = codes[0]


class ClusterError(TwinPipelineError):
    """The cluster can't be reached, or was lost."""


class Interrupted(KeyboardInterrupt):
    """The user ended a run of which something is worth keeping."""


@contextmanager
def plain_interrupts() -> Iterator[None]:
    """Let an interrupt leave the block as such.

    One that comes while a compiled function runs arrives wrapped in a SystemError ("returned a
    result with an exception set"), which whoever cleans up after errors would take for a bug.
    """
    try:
        yield
    except SystemError as error:
        cause: BaseException | None = error
        while isinstance(cause, SystemError):
            cause = cause.__cause__
        if isinstance(cause, KeyboardInterrupt):
            raise cause from None
        raise
