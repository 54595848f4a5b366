"""Turns what goes wrong into one line on stderr and an exit code."""

import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import typer

from twin_pipeline.errors import TwinPipelineError
from twin_pipeline.output import in_one_line

FAILED = 1
GATE_FAILED = 3
INTERRUPTED = 130


@contextmanager
def told_in_one_line(*, verbose: bool) -> Iterator[None]:
    """Let the block end in an exit code whatever it raises; tracebacks only if `verbose`."""
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    except (typer.Exit, SystemExit):
        raise
    except TwinPipelineError as error:
        _fail(str(error), error.exit_code, verbose=verbose)
    except KeyboardInterrupt as error:
        _fail(str(error) or "interrupted; nothing was written", INTERRUPTED, verbose=False)
    except BrokenPipeError:
        raise
    except OSError as error:
        _fail(_describe(error), FAILED, verbose=verbose)
    except MemoryError:
        _fail("not enough memory; cut or thin the scan", FAILED, verbose=verbose)
    except Exception as error:  # noqa: BLE001 - the last resort of the program
        summary = " ".join(f"{type(error).__name__}: {error}".split())
        hint = "" if verbose else "; -v shows where"
        _fail(f"internal error, please report it ({summary}){hint}", FAILED, verbose=verbose)
    finally:
        signal.signal(signal.SIGTERM, before)


def _fail(message: str, code: int, *, verbose: bool) -> NoReturn:
    if verbose:
        typer.echo(traceback.format_exc(), err=True, nl=False)
    typer.echo(f"twin-pipeline: {in_one_line(message)}", err=True)
    raise typer.Exit(code)


def _describe(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def _terminate(number: int, _frame: FrameType | None) -> NoReturn:
    """Unwind, so that nothing half-written stays, when the system asks the program to end."""
    raise SystemExit(128 + number)
