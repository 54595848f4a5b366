"""Interrupts that arrive while a compiled function runs."""

import signal
from collections.abc import Iterator
from contextlib import suppress
from types import FrameType

import numpy as np
import pytest
import typer

from twin_pipeline.cli.failures import told_in_one_line
from twin_pipeline.errors import plain_interrupts
from twin_pipeline.kernels import jit

_TRIES = 20


@jit(cache=True)
def _summed(values: np.ndarray) -> tuple[float, np.ndarray]:
    return values.sum(), values


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def alarmed() -> Iterator[None]:
    """Let an alarm interrupt as Ctrl-C does."""
    before = signal.signal(signal.SIGALRM, _end)
    yield
    signal.signal(signal.SIGALRM, before)


def _sum_until_interrupted(values: np.ndarray) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.002)
    while True:
        _summed(values)


def _interrupt_often(values: np.ndarray) -> None:
    for _ in range(100 * _TRIES):
        with suppress(KeyboardInterrupt):
            _sum_until_interrupted(values)


@pytest.mark.usefixtures("alarmed")
def test_an_interrupt_of_a_compiled_function_leaves_as_such() -> None:
    values = np.ones(100_000)
    _summed(values)
    with pytest.raises(SystemError):
        _interrupt_often(values)
    for _ in range(_TRIES):
        with pytest.raises(KeyboardInterrupt), plain_interrupts():
            _sum_until_interrupted(values)


def test_the_program_calls_a_wrapped_interrupt_an_interrupt(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit) as ended, told_in_one_line(verbose=False):
        raise SystemError("returned a result with an exception set") from KeyboardInterrupt()
    assert ended.value.exit_code == 130
    assert "interrupted; nothing was written" in capsys.readouterr().err


def test_other_errors_of_the_system_stay() -> None:
    with pytest.raises(SystemError, match="as it was"), plain_interrupts():
        raise SystemError("as it was") from ValueError("of another kind")
