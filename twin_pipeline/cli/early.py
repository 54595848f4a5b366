"""What is done before the program is loaded, which takes longer than many a command."""

import atexit
import gc
import io
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_TAKES_OTHERS = ("--resume", "--attributes", "--help", "-h")
"""Options of `tile` with which what is usually decoded is not, or not all that is, wanted."""

NOTHING = "interrupted; nothing was written"
interrupted = {"words": NOTHING}
"""What is told of an interrupt: commands say so when they have written something."""


def set_up() -> None:
    """Bring the process into the state in which commands run."""
    _speak_utf8()
    os.umask(os.umask(0o077) | 0o002)  # nothing that everybody may write
    for stream in (sys.stdout, sys.stderr):
        # A file name that the terminal can't show is no reason to fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # Modules live until the end; to search them for garbage takes half a second of a run.
    gc.set_threshold(300_000)
    atexit.register(gc.freeze)
    # to look for plug-ins in all packages takes longer than what the models here are for
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Let an interrupt end the process: while no command works there is nothing to clear up."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # ignored, as a shell's background has it
        yield
        return
    signal.signal(signal.SIGINT, _end)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is _end:
            signal.signal(signal.SIGINT, before)


def _end(*_: object) -> None:
    os.write(2, f"twin-pipeline: {interrupted['words']}\n".encode())
    os._exit(128 + signal.SIGINT)


def _speak_utf8() -> None:
    """Begin anew in UTF-8 where the locale has another encoding, in which names may not exist."""
    if sys.getfilesystemencoding() != "utf-8" and not sys.flags.utf8_mode:
        command = [sys.executable, "-X", "utf8", *sys.orig_argv[1:]]
        os.execv(sys.executable, command)  # noqa: S606 - this program


def decode_meanwhile(arguments: Sequence[str]) -> None:
    """Begin to decode what most likely will be tiled.

    What the arguments truly mean is found out later; a decoder that is not wanted then is ended.
    """
    command, *others = arguments or ("",)
    if command != "tile" or any(other.startswith(_TAKES_OTHERS) for other in others):
        return
    scans = [other for other in others if other.lower().endswith(".laz")]
    if len(scans) == 1:
        from twin_pipeline.stages.read.ahead import begin
        from twin_pipeline.tiles.wanted import ALWAYS, CHUNK_POINTS

        begin(Path(scans[0]), ALWAYS, CHUNK_POINTS)
