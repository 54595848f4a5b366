"""How long each stage takes and how much memory it needs."""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from twin_pipeline.progress import Progress

_PROCESS = Path("/proc/self")


@dataclass(slots=True)
class Clock:
    """Tells the progress which stage begins, and measures time and memory."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)
    memory_mb: dict[str, float] = field(default_factory=dict)
    """Peak of the whole process during each stage, in 10^6 bytes."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what is done inside."""
        self.progress.stage(name)
        _forget_peak()
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began
            self.memory_mb[name] = max(self.memory_mb.get(name, 0.0), _peak_mb())


def _forget_peak() -> None:
    """Let the peak begin anew, where the system can do that (Linux)."""
    with suppress(OSError):
        (_PROCESS / "clear_refs").write_text("5")


def _peak_mb() -> float:
    """Return the peak since it was forgotten; where it can't be, since the process began."""
    with suppress(OSError):
        for line in (_PROCESS / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
