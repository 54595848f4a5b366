"""Runs a command and measures it with all its processes."""

import os
import resource
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil

EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Measured:
    """What a command took."""

    wall_s: float
    cpu_s: float
    memory_mb: float
    """Greatest sum over all its processes, shared pages counted once (PSS)."""


def measured(command: Sequence[object]) -> Measured:
    """Run a command to its end; raises CalledProcessError where it fails."""
    before = _cpu_s()
    began = time.perf_counter()
    arguments = [str(part) for part in command]
    # An installed program's modules are compiled once, as those of the rivals are.
    environment = {
        name: os.environ[name] for name in os.environ.keys() - {"PYTHONDONTWRITEBYTECODE"}
    }
    with subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
    ) as process:
        top, greatest = psutil.Process(process.pid), 0
        while process.poll() is None:
            with suppress(psutil.Error):
                family = [top, *top.children(recursive=True)]
                greatest = max(greatest, sum(one.memory_full_info().pss for one in family))
            time.sleep(EVERY_S)
        told = process.stderr.read() if process.stderr else b""
    wall = time.perf_counter() - began
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments, stderr=told)
    return Measured(wall, _cpu_s() - before, greatest / 1e6)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
