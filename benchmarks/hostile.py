"""Give the commands scans that are made to break them; each must end well or in one line, soon.

`python -m benchmarks.hostile` makes them with a fixed seed and gives each to `info`, `check`,
`tile` and `run`, in a process of its own whose time and memory are counted. What breaks the rule is
printed. The suite reads some of them. `--found FOLDER` does the same with files of any origin.
"""

import argparse
import os
import random
import resource
import signal
import struct
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import laspy
import numpy as np

from benchmarks.oddities import ODDITIES
from benchmarks.torture import PLACE, make_scans
from twin_pipeline.durable.files import entries

SLOWEST_CPU_S = 30.0
SLOWEST_S = 600.0
"""By the clock; a machine that does much else at the time is slow."""
MOST_BYTES = 1.6e9
COMMANDS = ("info", "check", "tile", "run")
_EXTREME = {
    "B": (0, 1, 127, 128, 255),
    "H": (0, 1, 0x7FFF, 0xFFFF),
    "I": (0, 1, 2**31 - 1, 2**31, 2**32 - 1),
    "Q": (0, 1, 2**31, 2**63 - 1, 2**64 - 1),
    "d": (float("nan"), float("inf"), float("-inf"), -1.0, 0.0, 1e-300, 1e300, -1e12),
}
FIELDS = {
    "global_encoding": (6, "H"), "version_minor": (25, "B"), "version_major": (24, "B"),
    "day": (90, "H"), "year": (92, "H"), "header_size": (94, "H"), "offset_to_points": (96, "I"),
    "vlr_count": (100, "I"), "point_format": (104, "B"), "record_length": (105, "H"),
    "legacy_count": (107, "I"), "legacy_returns": (111, "I"), "x_scale": (131, "d"),
    "y_scale": (139, "d"), "z_scale": (147, "d"), "x_offset": (155, "d"), "y_offset": (163, "d"),
    "z_offset": (171, "d"), "max_x": (179, "d"), "min_x": (187, "d"), "max_z": (211, "d"),
    "waveform_start": (227, "Q"), "evlr_start": (235, "Q"), "evlr_count": (243, "I"),
    "count": (247, "Q"), "returns": (255, "Q"),
}  # fmt: skip
"""Fields of a LAS 1.4 header: where, and of what type."""


def make_hostile(folder: Path, seed: int = 1) -> list[Path]:
    """Write the files; return them in a fixed order."""
    folder.mkdir(parents=True, exist_ok=True)
    choice = random.Random(seed)  # noqa: S311 - not a secret
    sound = _sound(folder)
    made: list[Path] = []
    makers = (_headers, _vlrs, _lazes, _copcs, _points, _e57s, _plys, _others, *ODDITIES)
    for maker in makers:
        for name, content in maker(sound, choice):
            path = folder / name
            path.write_bytes(content)
            made.append(path)
    return made


def _sound(folder: Path) -> dict[str, bytes]:
    """Return sound files to begin with, by suffix."""
    (scan,) = make_scans(folder / "sound", 1, thin=30)
    las = laspy.convert(laspy.read(scan), point_format_id=7, file_version="1.4")
    found = {}
    for suffix in ("las", "laz"):
        path = folder / "sound" / f"modern.{suffix}"
        las.write(path)
        found[suffix] = path.read_bytes()
    found["old"] = scan.read_bytes()
    ply = folder / "sound" / "points.ply"
    ply.write_bytes(_ply(np.column_stack([las.x, las.y, las.z])))
    found["ply"] = ply.read_bytes()
    e57 = folder / "sound" / "points.e57"
    import pye57

    with pye57.E57(str(e57), mode="w") as file:
        file.write_scan_raw(
            {f"cartesian{axis}": np.array(getattr(las, axis.lower())) for axis in "XYZ"}
        )
    found["e57"] = e57.read_bytes()
    return found


Made = Iterator[tuple[str, bytes]]


def _put(data: bytes, at: int, kind: str, value: float) -> bytes:
    made = bytearray(data)
    struct.pack_into(f"<{kind}", made, at, value)
    return bytes(made)


def _headers(sound: dict[str, bytes], choice: random.Random) -> Made:
    """Set each field of the header to each extreme; two of them at a time, too."""
    for name, (at, kind) in FIELDS.items():
        for number, value in enumerate(_EXTREME[kind]):
            suffix = choice.choice(("las", "laz"))
            yield f"{name}-{number}.{suffix}", _put(sound[suffix], at, kind, value)
    for number in range(12):
        suffix, made = choice.choice(("las", "laz")), b""
        made = sound[suffix]
        for name in choice.sample(sorted(FIELDS), 3):
            at, kind = FIELDS[name]
            made = _put(made, at, kind, choice.choice(_EXTREME[kind]))
        yield f"three-fields-{number}.{suffix}", made


def _vlrs(sound: dict[str, bytes], choice: random.Random) -> Made:
    """Lie about lengths of records, and let them lie in each other."""
    laz = sound["laz"]
    for number, length in enumerate((0, 1, 33, 0x7FFF, 0xFFFF)):
        yield f"vlr-length-{number}.laz", _put(laz, 375 + 20, "H", length)
    las = _put(_put(sound["las"], 235, "Q", 0), 243, "I", 1)
    yield "evlr-in-header.las", las
    evlr = struct.pack("<2x16sHQ32x", b"LASF_Projection", 2112, 2**63)
    tail = _put(_put(sound["las"] + evlr, 235, "Q", len(sound["las"])), 243, "I", 1)
    yield "evlr-of-exabytes.las", tail
    wkt = evlr[:20] + struct.pack("<Q", 60_000) + b"\0" * 32 + b"PROJCS[" * 8571 + b"\0" * 3
    head = _put(_put(sound["las"] + wkt, 235, "Q", len(sound["las"])), 243, "I", 1)
    yield "wkt-of-brackets.las", _put(head, 6, "H", 0x10)
    odd = bytes(choice.randrange(256) for _ in range(4000))
    noise = evlr[:20] + struct.pack("<Q", 4000) + b"\0" * 32 + odd
    head = _put(_put(sound["las"] + noise, 235, "Q", len(sound["las"])), 243, "I", 1)
    yield "wkt-of-noise.las", _put(head, 6, "H", 0x10)


def _lazes(sound: dict[str, bytes], choice: random.Random) -> Made:
    """Lie in the record of the compressor, the table of chunks, and the stream."""
    laz = sound["laz"]
    at = laz.index(b"laszip encoded") - 2 + 54
    for number, value in enumerate((0, 1, 2, 3, 4, 0xFFFF)):
        yield f"compressor-{number}.laz", _put(laz, at, "H", value)
    for number, value in enumerate((0, 1, 7, 2**31, 2**32 - 2, 2**32 - 1)):
        yield f"chunk-size-{number}.laz", _put(laz, at + 12, "I", value)
    yield "items-many.laz", _put(laz, at + 32, "H", 0xFFFF)
    yield "items-none.laz", _put(laz, at + 32, "H", 0)
    for number, (kind, size) in enumerate(((0, 1), (6, 20), (10, 65535), (99, 30), (14, 2))):
        yield f"item-{number}.laz", _put(_put(laz, at + 34, "H", kind), at + 36, "H", size)
    start = struct.unpack_from("<I", laz, 96)[0]
    for number, value in enumerate((0, -1, -(2**63), 2**63 - 1, start, start + 7, len(laz) - 4)):
        yield f"chunk-table-at-{number}.laz", _put(laz, start, "q", value)
    (table,) = struct.unpack_from("<q", laz, start)
    for number, value in enumerate((0, 2, 1000, 2**31, 2**32 - 1)):
        yield f"chunks-{number}.laz", _put(laz, table + 4, "I", value)
    for number in range(6):
        made = bytearray(laz)
        for _ in range(20):
            made[choice.randrange(start + 8, len(laz))] = choice.randrange(256)
        yield f"stream-{number}.laz", bytes(made)
    yield "zeros.laz", laz[: start + 8] + b"\0" * (len(laz) - start - 8)
    for number, share in enumerate((0.3, 0.6, 0.99)):
        yield f"cut-{number}.laz", laz[: int(share * len(laz))]
    yield "no-laszip-record.laz", laz.replace(b"laszip encoded", b"loszip encoded")
    yield "old-as-modern.laz", _put(sound["old"], 25, "B", 4)


def _copcs(sound: dict[str, bytes], choice: random.Random) -> Made:
    """Claim to be COPC, with a hierarchy that leads nowhere or round in circles."""
    laz = sound["laz"]
    info = struct.pack("<5d2Q2d11Q", 0, 0, 0, 1, 1, 2**63, 32, 0, 0, *[0] * 11)
    vlr = b"\0\0" + b"copc".ljust(16, b"\0") + struct.pack("<HH", 1, 160) + b"\0" * 32 + info
    start, count = struct.unpack_from("<I", laz, 96)[0], struct.unpack_from("<I", laz, 100)[0]
    made = laz[:375] + vlr + laz[375:]
    made = _put(_put(made, 96, "I", start + len(vlr)), 100, "I", count + 1)
    table = struct.unpack_from("<q", laz, start)[0]
    yield "copc-nowhere.copc.laz", _put(made, start + len(vlr), "q", table + len(vlr))
    yield "copc-table-off.copc.laz", made
    page = struct.pack("<4iQii", 0, 0, 0, 0, 0, 32, -1)
    yield "copc-circle.copc.laz", made + page + bytes(choice.randrange(256) for _ in range(64))


def _points(sound: dict[str, bytes], choice: random.Random) -> Made:
    """Put points where none can be."""
    las = sound["las"]
    start = struct.unpack_from("<I", las, 96)[0]
    for number, value in enumerate((-(2**31), 2**31 - 1)):
        yield f"one-far-point-{number}.las", _put(las, start, "i", value)
    far = bytearray(las)
    for record in range(start, len(far) - 36, 36):
        struct.pack_into("<3i", far, record, *(choice.randrange(-(2**31), 2**31) for _ in range(3)))
    yield "all-points-anywhere.las", bytes(far)
    one = bytearray(las)
    for record in range(start, len(one) - 35, 36):
        one[record : record + 12] = one[start : start + 12]
    yield "all-points-the-same.las", bytes(one)
    line = bytearray(las)
    for number, record in enumerate(range(start, len(line) - 35, 36)):
        struct.pack_into("<3i", line, record, 0, 0, number)
    yield "points-on-a-plumb-line.las", bytes(line)
    for count in (1, 2, 3, 5):
        few = _put(las[: start + 36 * count], 247, "Q", count)
        yield f"points-{count}.las", few


def _ply(xyz: np.ndarray, kind: str = "binary_little_endian", scalar: str = "double") -> bytes:
    head = f"ply\nformat {kind} 1.0\nelement vertex {len(xyz)}\n"
    head += "".join(f"property {scalar} {axis}\n" for axis in "xyz") + "end_header\n"
    order = ">" if "big" in kind else "<"
    return head.encode() + xyz.astype(f"{order}f8").tobytes()


def _plys(sound: dict[str, bytes], choice: random.Random) -> Made:
    """Lie in the header of PLY, and write what readers seldom see."""
    ply = sound["ply"]
    count = ply.split(b"element vertex ")[1].split(b"\n")[0]
    for number, said in enumerate((b"-1", b"0", b"1e9", b"99999999999999", b"x", b"", b"3")):
        yield f"count-{number}.ply", ply.replace(b"vertex " + count, b"vertex " + said, 1)
    yield "big-endian.ply", ply.replace(b"binary_little", b"binary_big", 1)
    yield "ascii-garbage.ply", ply.replace(b"binary_little_endian", b"ascii", 1)
    yield "no-z.ply", ply.replace(b"property double z", b"property double w", 1)
    yield "twice-x.ply", ply.replace(b"property double y", b"property double x", 1)
    yield "unknown-type.ply", ply.replace(b"property double z", b"property quad z", 1)
    yield "no-end.ply", ply.replace(b"end_header\n", b"", 1)
    yield "header-only.ply", ply[: ply.index(b"end_header") + 11]
    lists = b"property list uint int x\nproperty double y\nproperty double z\n"
    body = ply.split(b"end_header\n", 1)[1]
    head = b"ply\nformat binary_little_endian 1.0\nelement vertex %s\n" % count
    yield "lists.ply", head + lists + b"end_header\n" + b"\xff" * 4 + body
    faces = b"element face 4000000000\nproperty list uchar int vertex_indices\nend_header\n"
    yield "faces-many.ply", ply.replace(b"end_header\n", faces, 1)
    yield "nan.ply", _ply(np.full((50, 3), np.nan))
    yield "far.ply", _ply(np.array([[0.0, 0, 0], [1e300, 0, 0], [0, -1e300, 0]]))
    yield "crlf.ply", ply.replace(b"\n", b"\r\n", 7)
    yield (
        "properties-many.ply",
        ply.replace(b"end_header\n", b"property double p\n" * 20_000 + b"end_header\n", 1),
    )
    yield "line-endless.ply", b"ply\ncomment " + b"x" * 20_000_000
    yield "noise.ply", b"ply\n" + bytes(choice.randrange(256) for _ in range(3000))


def _e57s(sound: dict[str, bytes], choice: random.Random) -> Made:
    """Break checksums, pages, counts and XML of E57."""
    e57 = sound["e57"]
    made = bytearray(e57)
    made[len(made) // 2] ^= 0xFF
    yield "crc.e57", bytes(made)
    yield "cut.e57", e57[: len(e57) // 2]
    yield "header-only.e57", e57[:48]
    fields = {"version": 8, "length": 16, "xml-at": 24, "xml-length": 32, "page": 40}
    for name, at in fields.items():
        for number, value in enumerate((0, 1, 2**31, 2**63)):
            kind = "I" if name == "version" else "Q"
            made_ = _put(e57, at, kind, value & (2**32 - 1) if kind == "I" else value)
            yield f"{name}-{number}.e57", _resealed(made_)
    xml = e57.index(b"recordCount=")
    for number, said in enumerate((b"-9", b"0", b"99999999999999999", b"9999999999")):
        old = e57[xml:].split(b'"')[1]
        fresh = e57[:xml] + e57[xml:].replace(old, said.ljust(len(old))[: len(old)], 1)
        yield f"records-{number}.e57", _resealed(fresh)
    yield "not-xml.e57", _resealed(e57.replace(b"<?xml", b"<?lmx", 1))
    for number in range(3):
        noisy = bytearray(e57)
        for _ in range(10):
            noisy[choice.randrange(48, len(noisy))] = choice.randrange(256)
        yield f"noise-{number}.e57", _resealed(bytes(noisy))


def _resealed(data: bytes) -> bytes:
    """Give every page of E57 its right checksum, so that what lies in it is believed."""
    page, made = 1024, bytearray(data)
    for at in range(0, len(made) - page + 1, page):
        end = at + page - 4
        made[end : end + 4] = struct.pack(">I", _crc32c(bytes(made[at:end])))
    return bytes(made)


def _crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def _table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ 0x82F63B78 if value & 1 else value >> 1  # noqa: PLW2901
        table.append(value)
    return table


_CRC = _table()


def _others(sound: dict[str, bytes], choice: random.Random) -> Made:
    """Name other things like scans."""
    yield "zip.laz", _zipped(sound["las"])
    yield "bomb.las", _zipped(b"\0" * 50_000_000)
    yield "gzip.las", b"\x1f\x8b\x08" + bytes(choice.randrange(256) for _ in range(500))
    yield "text.las", "これは点群ではありません。\n".encode() * 50
    yield "xyz.las", b"1.0 2.0 3.0\n" * 1000
    yield "html.laz", b"<!DOCTYPE html><html><body>404 Not Found</body></html>"
    yield "utf16.las", "LASF".encode("utf-16")
    yield "one-byte.las", b"L"
    yield "four-bytes.las", b"LASF"
    yield "nothing.e57", b""
    yield "nulls.las", b"\0" * 100_000
    yield "header-of-zeros.las", b"LASF" + b"\0" * 400
    yield "header-of-ones.las", b"LASF" + b"\xff" * 400
    yield "two-in-one.las", sound["las"] + sound["las"]


def _zipped(content: bytes) -> bytes:
    import io

    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("scan.las", content)
    return held.getvalue()


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ended."""

    code: int
    """Exit code, or minus the signal."""
    lines: tuple[str, ...]
    """What stood on stderr."""
    cpu_s: float
    peak_bytes: int


def ending_of(arguments: Sequence[str], folder: Path) -> Ending:
    """Call the program in a process of its own, which is a fork of this one."""
    told = folder / "stderr"
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _called(arguments, folder, told)
    while True:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            break
        if time.monotonic() - began > SLOWEST_S:
            os.killpg(child, signal.SIGKILL)
        time.sleep(0.02)
    lines = tuple(told.read_text("utf-8", "replace").splitlines())
    cpu_s = usage.ru_utime + usage.ru_stime
    return Ending(os.waitstatus_to_exitcode(status), lines, cpu_s, usage.ru_maxrss * 1024)


def _called(arguments: Sequence[str], folder: Path, told: Path) -> None:
    code = 99
    try:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_CPU, (300, 300))
        os.dup2(os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        os.dup2(os.open(folder / "stdout", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        sys.argv = ["twin-pipeline", *arguments]
        from twin_pipeline.cli import main

        main()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(bool(error.code))
    except BaseException as error:  # noqa: BLE001 - it is told by its code
        sys.stderr.write(f"{error!r}\nuncaught\n")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def faults(ending: Ending, scan: str, out: Path) -> Iterator[str]:
    """Yield which rules an ending breaks."""
    said = [line for line in ending.lines if not line.startswith(("warning: ", "site "))]
    if ending.code not in (0, 1, 2, 3, 4):
        yield f"exit {ending.code}"
    if ending.code in (1, 2, 4):
        errors = [line for line in said if line.startswith("twin-pipeline: ")]
        if len(errors) != 1 or len(said) != 1:
            yield f"{len(said)} lines"
        elif scan not in errors[0]:
            yield "doesn't name the file"
        elif "internal error" in errors[0]:
            yield "internal error"
    if ending.cpu_s > SLOWEST_CPU_S:
        yield f"{ending.cpu_s:.0f} s"
    if ending.peak_bytes > MOST_BYTES:
        yield f"{ending.peak_bytes / 1e9:.1f} GB"
    left = [path.name for path in out.parent.iterdir() if path.name.startswith(".")]
    if left or (out.exists() and not (out / "run.json").exists()):
        yield f"left behind: {left or out.name}"


def try_commands(
    scans: Sequence[Path], folder: Path, commands: Sequence[str], *, tell: Callable[[str], None]
) -> list[str]:
    """Give each scan to each command; return what broke a rule, a line each."""
    found = []
    for number, scan in enumerate(scans):
        for command in commands:
            place = folder / f"{command}-{number}"
            place.mkdir()
            ending = ending_of(_arguments(command, scan, place / "out"), place)
            broken = list(faults(ending, scan.name, place / "out"))
            words = f"{command} {scan.name}: exit {ending.code}, {ending.cpu_s:.1f} s, "
            words += f"{ending.peak_bytes / 1e6:.0f} MB: {' | '.join(ending.lines)[-400:]}"
            tell(words)
            if broken:
                found.append(f"{', '.join(broken)}: {words}")
    return found


def _arguments(command: str, scan: Path, out: Path) -> list[str]:
    if command == "info":
        return ["info", str(scan)]
    flags = [command, str(scan), "-q"]
    if command != "check":
        flags += ["-o", str(out), *PLACE]
    return flags


def _make_elsewhere(folder: Path, seed: int) -> None:
    """Write the files in a process of its own: its threads would not outlive a fork."""
    child = os.fork()
    if child == 0:
        make_hostile(folder, seed)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        raise SystemExit("the files could not be made")


def _files(folder: Path, found: Path | None) -> list[Path]:
    """Return the scans of a folder; of one that was found also those in folders below."""
    inside = sorted(folder.rglob("*")) if found else entries(folder)
    return [path for path in inside if path.is_file() and path.name != "SOURCE.txt"]


def main() -> None:
    """Run by command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--commands", nargs="+", default=COMMANDS, choices=COMMANDS)
    parser.add_argument("--only", default="", help="Part of the names of files to try.")
    parser.add_argument("--keep", type=Path, help="Folder to leave the files in.")
    parser.add_argument("--found", type=Path, help="Folder of scans to try instead, with below.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hostile-") as name:
        folder = given.found or given.keep or Path(name) / "scans"
        if given.found is None:
            _make_elsewhere(folder, given.seed)
        scans = [path for path in _files(folder, given.found) if given.only in path.name]
        found = try_commands(
            scans, Path(name), given.commands, tell=lambda words: print(words, flush=True)
        )
    print(f"\n{len(scans)} files, {len(found)} endings that break a rule")
    print(*found, sep="\n")
    raise SystemExit(1 if found else 0)


if __name__ == "__main__":
    main()
