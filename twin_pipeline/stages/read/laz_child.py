# ruff: noqa: ANN401 - the decoder has no types
"""Decodes LAZ in a process of its own, so that a damaged file can only cost that process.

Run as a script by `child`, with one JSON argument; imports nothing but the decoder and the standard
library, so that it starts in a few hundredths of a second. It writes to stdout:

    table    16 bytes a chunk of the file, points and bytes (little-endian), after their count
    points   the same, then, once a line came in on stdin, 8 bytes, 1 if the last chunk holds more
             than is claimed, and the points, chunk after chunk
    salvage  the points alone, of a file whose table is missing
    count    how many points can be decoded, 8 bytes
"""

import contextlib
import importlib
import io
import json
import os
import queue
import resource
import signal
import struct
import sys
import threading
from typing import Any, BinaryIO, cast

_STEP_POINTS = 4096
_SPARE_BYTES = 2
_AHEAD_BYTES = 192 << 20
"""How much is decoded before it is wanted: what can be while the rest of the program is loaded."""


def main() -> None:
    """Do what the argument says; end with 3 and a line on stderr if the data don't allow it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C: it is for the parent to end this
    task = json.loads(sys.argv[1])
    _confine(task["memory_bytes"], task["cpu_s"])
    sys.path.insert(0, task["packages"])
    lazrs = importlib.import_module("lazrs")
    out = os.fdopen(os.dup(1), "wb")
    try:
        with open(task["path"], "rb") as file:  # noqa: PTH123 - pathlib would have to be loaded
            _ACTIONS[task["action"]](lazrs, task, file, out)
        out.flush()
    except BrokenPipeError:
        os._exit(0)
    except BaseException as error:  # noqa: BLE001 - panics of the decoder are BaseExceptions
        sys.stderr.write("\n" + " ".join(str(error).split())[:200])
        sys.stderr.flush()
        os._exit(3)


def _confine(memory_bytes: int, cpu_s: int) -> None:
    """Limit memory and time, and write no core file."""
    limits = {"RLIMIT_DATA": memory_bytes, "RLIMIT_CPU": cpu_s, "RLIMIT_CORE": 0}
    for name, limit in limits.items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (limit, limit))


def _end_with_parent() -> None:
    """End when the pipe to stdin is closed, as it is when the parent has died."""

    def watch() -> None:
        os.read(0, 1)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def _table(lazrs: Any, task: dict[str, Any], file: BinaryIO, out: BinaryIO) -> None:
    file.seek(task["offset"])
    chunks = lazrs.read_chunk_table(file, lazrs.LazVlr(bytes.fromhex(task["record"])))
    out.write(struct.pack("<Q", len(chunks)))
    out.writelines(struct.pack("<QQ", points, size) for points, size in chunks)
    out.flush()


def _points(lazrs: Any, task: dict[str, Any], file: BinaryIO, out: BinaryIO) -> None:
    _table(lazrs, task, file, out)
    line = os.read(0, 1000)
    if not line:  # nobody wants them
        return
    told = json.loads(line)
    _end_with_parent()
    out.write(
        struct.pack("<Q", told["last"] is not None and _is_long(lazrs, task, file, *told["last"]))
    )
    out.flush()
    kind = lazrs.ParLasZipDecompressor if told["parallel"] else lazrs.LasZipDecompressor
    _decode(_decoder(kind, task, file, _selection(lazrs, task)), task, out)


def _is_long(
    lazrs: Any, task: dict[str, Any], file: BinaryIO, start: int, size: int, points: int
) -> bool:
    """Tell whether a chunk's points can be decoded without its last bytes: others need those.

    Encoders end a chunk with the very byte that decoders of its last point read.
    """
    file.seek(start)
    cut = io.BytesIO(bytes(8) + file.read(size - _SPARE_BYTES))
    decoder = _decoder(
        lazrs.LasZipDecompressor, {**task, "offset": 0}, cast(BinaryIO, _Mended(cut, 0))
    )
    return _led(decoder, {**task, "points": points}, 0, _STEP_POINTS) == points


def _selection(lazrs: Any, task: dict[str, Any]) -> Any:
    """Return which parts of a point are decoded; the others cost no time and keep any value."""
    if task["parts"] is None:
        return None
    flags = lazrs.SELECTIVE_DECOMPRESS_Z
    for part in task["parts"]:
        flags |= getattr(lazrs, f"SELECTIVE_DECOMPRESS_{part}")
    return lazrs.DecompressionSelection(flags)


class _Mended:
    """A file as if it had an empty table of chunks, which the decoder wants to see.

    The table lies far beyond the end, so that what is read at the end is still the end.
    """

    _TABLE_AT = 1 << 60
    _TABLE = struct.pack("<II", 0, 0)

    def __init__(self, file: BinaryIO, offset: int) -> None:
        self._file = file
        self._offset = offset
        self._at = 0

    def seek(self, position: int, whence: int = 0) -> int:
        self._at = position if whence == 0 else self._at + position
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        if self._at >= self._TABLE_AT:
            data = self._TABLE[self._at - self._TABLE_AT :]
            data = data if size < 0 else data[:size]
        else:
            self._file.seek(self._at)
            data = self._pointed(self._file.read(size))
        self._at += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _pointed(self, data: bytes) -> bytes:
        """Return data in which the eight bytes before the points tell where the table is."""
        told, first = bytearray(data), self._offset - self._at
        for place, value in enumerate(struct.pack("<q", self._TABLE_AT), start=first):
            if 0 <= place < len(told):
                told[place] = value
        return bytes(told)


def _salvage(lazrs: Any, task: dict[str, Any], file: BinaryIO, out: BinaryIO) -> None:
    _end_with_parent()
    file = cast(BinaryIO, _Mended(file, task["offset"]))
    _decode(_decoder(lazrs.LasZipDecompressor, task, file), task, out)


def _decoder(kind: Any, task: dict[str, Any], file: BinaryIO, selection: Any = None) -> Any:
    file.seek(task["offset"])
    return kind(file, bytes.fromhex(task["record"]), selection)


def _decode(decoder: Any, task: dict[str, Any], out: BinaryIO) -> None:
    """Decode ahead of the one who reads, as he may still be about to start.

    What was decoded before the data turn out to be damaged is written too.
    """
    left, step, length = task["points"], task["chunk_points"], task["record_length"]
    size = min(step, left) * length
    free: queue.SimpleQueue[bytearray] = queue.SimpleQueue()
    for _ in range(max(2, _AHEAD_BYTES // max(size, 1))):
        free.put(bytearray())
    ready: queue.SimpleQueue[tuple[bytearray, int] | None] = queue.SimpleQueue()
    writer = threading.Thread(target=_write, args=(out, ready, free), daemon=True)
    writer.start()
    try:
        while left:
            count = min(step, left)
            # Made when it is needed, not before: most files are small.
            buffer = free.get() or bytearray(size)
            decoder.decompress_many(memoryview(buffer)[: count * length])
            ready.put((buffer, count * length))
            left -= count
    finally:
        ready.put(None)
        writer.join()


def _write(out: BinaryIO, ready: Any, free: Any) -> None:
    try:
        for buffer, length in iter(ready.get, None):
            out.write(memoryview(buffer)[:length])
            free.put(buffer)
        out.flush()
    except BrokenPipeError:
        os._exit(0)


def _count(lazrs: Any, task: dict[str, Any], file: BinaryIO, out: BinaryIO) -> None:
    """Go in large steps as far as they lead, then anew, and at the end point by point."""
    _end_with_parent()
    file = cast(BinaryIO, _Mended(file, task["offset"]))
    whole = _led(_decoder(lazrs.LasZipDecompressor, task, file), task, 0, _STEP_POINTS)
    decoder = _decoder(lazrs.LasZipDecompressor, task, file)
    exact = {**task, "points": whole}
    _led(decoder, exact, 0, _STEP_POINTS)
    out.write(struct.pack("<Q", _led(decoder, task, whole, 1)))


def _led(decoder: Any, task: dict[str, Any], found: int, step: int) -> int:
    """Return how many points there are once no further step can be decoded."""
    with contextlib.suppress(BaseException):
        while found < task["points"]:
            count = min(step, task["points"] - found)
            decoder.decompress_many(bytearray(count * task["record_length"]))
            found += count
    return found


_ACTIONS = {"table": _table, "points": _points, "salvage": _salvage, "count": _count}

if __name__ == "__main__":
    main()
