"""The first run compiles the numeric kernels; users are told why it takes longer."""

from contextlib import suppress

from twin_pipeline.kernels import CACHE_DIR
from twin_pipeline.progress import Progress

_COMPLETE = CACHE_DIR / "complete"


def announce_compilation(progress: Progress) -> None:
    """Say so if the kernels of this version have not been compiled here yet."""
    if not _COMPLETE.exists():
        progress.note("compiling the numeric kernels; this happens once and takes about a minute")


def remember_compilation() -> None:
    """Note that a run has compiled all kernels."""
    with suppress(OSError):
        CACHE_DIR.mkdir(parents=True, exist_ok=True)
        _COMPLETE.touch()
