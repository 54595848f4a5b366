"""Talks to the process that decodes LAZ, with limits on its time and memory."""

import contextlib
import importlib.util
import json
import os
import select
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from twin_pipeline.errors import InputError
from twin_pipeline.stages.read.header import ScanHeader

COPY_AGAIN = "copy the file again from its source"

PATIENCE_S = 120.0
"""How long the decoder may be silent: a hundred times what a chunk takes."""

INTERPRETER = (sys.executable, "-I", *(("-X", "utf8") if sys.flags.utf8_mode else ()))
"""How a decoder is called: alone with its own code, and with names as this process spells them."""

_SCRIPT = Path(__file__).with_name("laz_child.py")
_BASE_BYTES = 768 << 20
PARALLEL_BYTES = 512 << 20
"""Memory that the threads of a decoder may take for chunks."""

_PIPE_BYTES = 1 << 20
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ of Linux
_MOST_CHUNKS = 1 << 27
_SLOWEST_POINTS_PER_S = 50_000
_ENDED = 3

Chunks = list[tuple[int, int]]
"""Points and bytes of each LAZ chunk."""

LastChunk = tuple[int, int, int]
"""Where a chunk lies in the file, its bytes, and how many points it should hold."""


class LazChild:
    """A process that decodes one file; a context manager, at whose end it is gone."""

    def __init__(
        self,
        header: ScanHeader,
        record: bytes,
        action: str,
        *,
        chunk_points: int = 0,
        parts: Sequence[str] | None = None,
    ) -> None:
        """Begin; beside X, Y, Z and returns only the `parts` of points are sure to be decoded."""
        self._header = header
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end
        count = min(chunk_points, header.point_count)
        task = {
            "action": action,
            "path": os.fspath(header.path),
            "offset": header.offset_to_points,
            "record": record.hex(),
            "record_length": header.record_length,
            "points": header.point_count,
            "chunk_points": chunk_points,
            "parts": parts,
            "memory_bytes": _BASE_BYTES + 4 * count * header.record_length,
            "packages": str(Path(importlib.util.find_spec("lazrs").origin).parents[1]),  # type: ignore[union-attr,arg-type]
            "cpu_s": 600 + header.point_count // _SLOWEST_POINTS_PER_S,
        }
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            [*INTERPRETER, "-S", os.fspath(_SCRIPT), json.dumps(task)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
        )
        with contextlib.suppress(OSError, ImportError):
            import fcntl

            fcntl.fcntl(self._out, _SET_PIPE_SIZE, _PIPE_BYTES)

    @property
    def _out(self) -> IO[bytes]:
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        return self._process.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def table(self) -> Chunks:
        """Return what the table of chunks says."""
        count = self._number()
        if count > _MOST_CHUNKS:
            raise self._damaged("impossible table of chunks")
        raw = bytearray(16 * count)
        self.fill(raw, None)
        return list(struct.iter_unpack("<QQ", raw))

    def go(self, *, parallel: bool, last: LastChunk | None) -> bool:
        """Let the points come; return whether the last chunk, if given, holds more of them."""
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        told = json.dumps({"parallel": parallel, "last": last})
        with contextlib.suppress(BrokenPipeError):  # what is wrong is told when they don't come
            self._process.stdin.write(told.encode())
        return bool(self._number())

    def count(self) -> int:
        """Return how many points can be decoded."""
        return self._number()

    def fill(self, buffer: bytearray, start: int | None) -> None:
        """Fill a buffer with what comes next; `start` is the first point in it, if it is points.

        Raises
        ------
        InputError
            When the data are damaged, or the decoder crashes, hangs or wants too much memory.
        """
        view, descriptor = memoryview(buffer), self._out.fileno()
        arrival = select.poll()  # select takes no descriptors from 1024 on
        arrival.register(descriptor, select.POLLIN)
        while view:
            if not arrival.poll(1000.0 * PATIENCE_S):
                raise InputError(
                    f"{self._header.path}: its decoder was silent for {PATIENCE_S:.0f} s and was "
                    f"ended; the file is probably damaged: {COPY_AGAIN}"
                )
            got = os.readv(descriptor, [view])
            if not got:
                raise self._ended(start)
            view = view[got:]

    def _number(self) -> int:
        raw = bytearray(8)
        self.fill(raw, None)
        (number,) = struct.unpack("<Q", raw)
        return int(number)

    def _ended(self, start: int | None) -> InputError:
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        if code == -signal.SIGKILL:  # its own limits end it by other signals
            return InputError(
                f"{self._header.path}: its decoder was killed (signal 9), as happens where memory "
                "runs out: run again with --resume, with fewer --jobs if it happens again"
            )
        if code == _ENDED:
            return self._damaged(lines[-1] if lines else "", start)
        return self._damaged(f"decoder ended with {_ending(code)}", start)

    def _damaged(self, detail: str, start: int | None = None) -> InputError:
        where = "" if start is None else f" after point {start}"
        return InputError(
            f"{self._header.path}: its compressed data are damaged{where} ({detail[:120]}): "
            f"{COPY_AGAIN}"
        )


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"code {code}"
