"""Turns what goes wrong into one line on stderr and an exit code."""

import resource
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import typer

from twin_pipeline.cli.early import NOTHING, interrupted
from twin_pipeline.errors import TwinPipelineError, plain_interrupts
from twin_pipeline.output import in_one_line

FAILED = 1
GATE_FAILED = 3
_ENDING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


_USUAL_BYTES = 2_000_000_000
"""Address space in which a small scan is run: libraries map more than they use."""

_OF_MEMORY = ("can't start new thread", "failed to map segment", "Cannot allocate memory")
"""What else is said where memory has run out."""


def has_written(place: Path | str) -> None:
    """Tell that an interrupt from now on comes too late to keep the output away."""
    interrupted["words"] = f"interrupted when {place} had been written"


class _Ended(KeyboardInterrupt):
    """The user or the system asks the program to end."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextmanager
def told_in_one_line(*, verbose: bool) -> Iterator[None]:
    """Let the block end in an exit code whatever it raises; tracebacks only if `verbose`."""
    interrupted["words"] = NOTHING
    if (allowed := _allowed_bytes()) is not None and allowed < _USUAL_BYTES:
        # libraries of C abort without a word where they get no memory
        typer.echo(f"warning: {_limited(allowed)}; a run may need more", err=True)
    try:
        with _asked_once(), plain_interrupts():
            yield
    except (typer.Exit, SystemExit):
        raise
    except TwinPipelineError as error:
        _fail(str(error), error.exit_code, verbose=verbose)
    except KeyboardInterrupt as error:
        asked = error if isinstance(error, _Ended) else error.__cause__
        number = asked.number if isinstance(asked, _Ended) else signal.SIGINT
        _fail(str(error) or interrupted["words"], 128 + number, verbose=False)
    except BrokenPipeError:
        raise
    except OSError as error:
        _fail(_describe(error), FAILED, verbose=verbose)
    except MemoryError:
        _fail(_no_memory(), FAILED, verbose=verbose)
    except Exception as error:  # noqa: BLE001 - the last resort of the program
        if any(words in str(error) for words in _OF_MEMORY):
            _fail(_no_memory(), FAILED, verbose=verbose)
        summary = " ".join(f"{type(error).__name__}: {error}".split())
        hint = "" if verbose else "; -v shows where"
        _fail(f"internal error, please report it ({summary}){hint}", FAILED, verbose=verbose)


@contextmanager
def _asked_once() -> Iterator[None]:
    """Unwind at a signal, so that nothing half-written stays; further ones don't disturb that.

    Signals that are ignored, as `nohup` and a shell's background have it, stay so.
    """
    taken = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _end) for number in taken}
    hook, sys.unraisablehook = sys.unraisablehook, _insist
    try:
        yield
    finally:
        sys.unraisablehook = hook
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        if all(signal.getsignal(number) is not signal.SIG_IGN for number in taken):
            for number, handler in before.items():
                signal.signal(number, handler)


def _fail(message: str, code: int, *, verbose: bool) -> NoReturn:
    if verbose:
        typer.echo(traceback.format_exc(), err=True, nl=False)
    typer.echo(f"twin-pipeline: {in_one_line(message)}", err=True)
    raise typer.Exit(code)


def _no_memory() -> str:
    allowed = _allowed_bytes()
    if allowed is None:
        return "not enough memory; cut or thin the scan"
    return f"not enough memory: {_limited(allowed)}; allow more, or cut or thin the scan"


def _allowed_bytes() -> int | None:
    """Return the memory that this process may map, None where nothing limits it."""
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else soft


def _limited(allowed: int) -> str:
    return f"this shell allows {allowed / 1e6:,.0f} MB of address space (ulimit -v)"


def _describe(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def _insist(lost: "sys.UnraisableHookArgs") -> None:
    """Ask again a moment later where a call from C, which knows no exceptions, lost the request."""
    asked = lost.exc_value
    if not isinstance(asked, _Ended):
        sys.__unraisablehook__(lost)
        return

    def again(_number: int, _frame: FrameType | None) -> NoReturn:
        _end(asked.number, None)

    signal.signal(signal.SIGALRM, again)
    signal.setitimer(signal.ITIMER_REAL, 0.05)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    for each in _ENDING:
        signal.signal(each, signal.SIG_IGN)
    raise _Ended(number)
