"""Scans of other formats, and damaged ones that are to be salvaged, as sound LAS files."""

import importlib.util
import json
import os
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.stages.read.child import INTERPRETER
from twin_pipeline.stages.read.decode import iter_records, salvaged
from twin_pipeline.stages.read.header import ScanHeader, read_header
from twin_pipeline.stages.read.options import ReadOptions

_SCRIPT = Path(__file__).with_name("convert_child.py")
_MAGIC = {b"ASTM-E57": "e57", b"ply\n": "ply", b"ply\r": "ply"}
_NEEDED = {"e57": "pye57", "ply": "plyfile", "pdal": "pdal"}
_BASE_BYTES, _BYTES_PER_BYTE = 2 << 30, 30
_BASE_S, _BYTES_PER_S = 300, 200_000
_CHUNK_POINTS = 1_000_000
_ENDED = 3


def needs_conversion(path: Path, options: ReadOptions) -> bool:
    """Whether a scan can only be read once it is rewritten.

    Raises
    ------
    InputError
        When the file can't be read.
    """
    return _kind(path, options) is not None


def convert(path: Path, out: Path, options: ReadOptions) -> tuple[str, ...]:
    """Rewrite a scan as the LAS file `out`; return what users should know of that.

    Raises
    ------
    InputError
        When the scan can't be read.
    UsageError
        When the PDAL pipeline can't be read, or PDAL is not installed.
    """
    kind = _kind(path, options)
    if kind == "salvage":
        return _salvage(path, out)
    stages = _stages(options) if kind == "pdal" else []
    return _in_child(str(kind), path, out, stages)


def _kind(path: Path, options: ReadOptions) -> str | None:
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror or error}") from error
    if options.pdal_pipeline is not None:
        return "pdal"
    if start[:4] == b"LASF":
        return "salvage" if options.salvage else None
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            return kind
    return "pdal" if start and _told_by_nobody(start) and _installed("pdal") else None


def _told_by_nobody(start: bytes) -> bool:
    """Whether a file is none of those that are named after LAS by mistake."""
    return not start.lower().startswith((b"~v", b"version", b"#"))


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _salvage(path: Path, out: Path) -> tuple[str, ...]:
    header = read_header(path)
    sound = salvaged(header)
    with out.open("wb") as file:
        file.write(_header_bytes(sound))
        for records in iter_records(sound, _CHUNK_POINTS):
            file.write(records.tobytes())
    return tuple(told for told in sound.defects if told.startswith("salvaged"))


def _header_bytes(header: ScanHeader) -> bytes:
    """Return all bytes before the points, with the true count and without compression."""
    with header.path.open("rb") as file:
        block = bytearray(file.read(header.offset_to_points))
    block[104] = header.point_format
    legacy = header.point_count if header.point_count < 1 << 32 and header.point_format < 6 else 0
    struct.pack_into("<I", block, 107, legacy)
    if header.version == "1.4" and len(block) >= 255:
        struct.pack_into("<QI", block, 235, 0, 0)  # extended records stood behind the points
        struct.pack_into("<Q", block, 247, header.point_count)
    return bytes(block)


def _stages(options: ReadOptions) -> list[Any]:
    path = options.pdal_pipeline
    if path is None:
        return []
    try:
        made = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: is no JSON file ({error}); see --pdal-pipeline") from error
    stages = made.get("pipeline") if isinstance(made, dict) else made
    if not isinstance(stages, list):
        raise UsageError(f'{path}: holds no list of stages; it must be [...] or {{"pipeline": []}}')
    return stages


def _in_child(kind: str, path: Path, out: Path, stages: Sequence[Any]) -> tuple[str, ...]:
    package = _NEEDED[kind]
    if not _installed(package):
        hint = (
            "see environment.yml for PDAL"
            if kind == "pdal"
            else f"install it with: pip install {package}"
        )
        raise UsageError(f"{path}: reading it needs {package}, which is not installed; {hint}")
    size = path.stat().st_size
    task = {
        "kind": kind,
        "path": os.fspath(path),
        "out": os.fspath(out),
        "stages": stages,
        "memory_bytes": _BASE_BYTES + _BYTES_PER_BYTE * size,
        "packages": [entry for entry in sys.path if entry],
    }
    command = [*INTERPRETER, os.fspath(_SCRIPT), json.dumps(task)]
    limit_s = _BASE_S + size / _BYTES_PER_S
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=limit_s)  # noqa: S603 - our own script
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"{path}: reading it took longer than {limit_s:.0f} s and was ended; it is probably "
            "damaged: export the scan again"
        ) from error
    if done.returncode != 0:
        raise InputError(f"{path}: can't be read as {kind.upper()} ({_why(done)}): export it again")
    notes: list[str] = json.loads(done.stdout.splitlines()[-1])["notes"]
    return tuple(notes)


def _why(done: "subprocess.CompletedProcess[bytes]") -> str:
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    if done.returncode == _ENDED and lines:
        return lines[-1]
    return f"its decoder ended with {done.returncode}"
