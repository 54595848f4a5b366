"""More scans made to break the commands: what producers, downloads and mistakes really leave."""

import bz2
import gzip
import io
import lzma
import random
import struct
import tarfile
from collections.abc import Iterator

import numpy as np

Made = Iterator[tuple[str, bytes]]

_RECORD = 36
"""Bytes of a point of format 7."""


def _las_oddities(sound: dict[str, bytes], choice: random.Random) -> Made:
    """Yield LAS whose counts, returns, classes and records are as no standard allows."""
    las = sound["las"]
    start = struct.unpack_from("<I", las, 96)[0]
    count = (len(las) - start) // _RECORD
    yield "count-in-old-field-only.las", _put(_put(las, 247, "Q", 0), 107, "I", count)
    yield "old-count-half.las", _put(las, 107, "I", count // 2)
    yield "counts-none.las", _put(_put(las, 247, "Q", 0), 107, "I", 0)
    for name, at, value in (
        ("returns-zero", 14, 0),
        ("returns-fifteen", 14, 0xFF),
        ("return-beyond-number", 14, 0x1F),
        ("all-withheld", 15, 0x04),
        ("all-synthetic-and-overlap", 15, 0x09),
        ("all-noise", 16, 7),
        ("all-reserved-class", 16, 255),
    ):
        yield f"{name}.las", _points_with(las, at, struct.pack("B", value))
    yield "gps-time-nan.las", _points_with(las, 22, struct.pack("<d", float("nan")))
    yield "colours-black.las", _points_with(las, 30, b"\0" * 6)
    yield "scale-denormal.las", _put(las, 131, "d", 5e-324)
    yield "scale-negative-z.las", _put(las, 147, "d", -0.001)
    yield "offset-1e11.las", _put(las, 155, "d", 1e11)
    yield "scales-differ.las", _put(las, 131, "d", 0.01)
    record = b"\0\0" + b"LASF_Projection".ljust(16, b"\0") + struct.pack("<HH", 2112, 0xFFFF)
    giant = (record + b"\0" * 32 + b"A" * 0xFFFF) * 300
    made = las[:375] + giant + las[375:]
    yield "records-of-20-mb.las", _put(_put(made, 96, "I", start + len(giant)), 100, "I", 300)
    for number, at in enumerate((len(las), len(las) + 1, start, 0)):
        yield f"evlr-at-{number}.las", _put(_put(las, 235, "Q", at), 243, "I", 3)
    noise = bytes(choice.randrange(256) for _ in range(len(las) - start))
    yield "points-of-noise.las", las[:start] + noise


def _laz_oddities(sound: dict[str, bytes], choice: random.Random) -> Made:
    """Yield LAZ whose parts do not belong together."""
    laz, las = sound["laz"], sound["las"]
    start = struct.unpack_from("<I", laz, 96)[0]
    (table,) = struct.unpack_from("<q", laz, start)
    yield "las-points-in-laz.laz", laz[:start] + las[struct.unpack_from("<I", las, 96)[0] :]
    yield "table-before-points.laz", _put(laz, start, "q", start - 20)
    yield "table-version-9.laz", _put(laz, table, "I", 9)
    yield "table-cut.laz", laz[: table + 9]
    yield "table-of-noise.laz", laz[: table + 8] + bytes(choice.randrange(256) for _ in range(64))
    yield "stream-twice.laz", laz[:start] + laz[start:] * 2
    yield "shuffled.laz", laz[:start] + bytes(choice.sample(laz[start:], len(laz) - start))
    yield "hole-of-zeros.laz", laz[: start + 2000] + b"\0" * 4096 + laz[start + 6096 :]


def _ply_oddities(sound: dict[str, bytes], choice: random.Random) -> Made:
    """Yield PLY as text with what text may hold, and elements in every order."""
    _ = choice
    ply = sound["ply"]
    head, body = ply.split(b"end_header\n", 1)
    xyz = np.frombuffer(body, "<f8").reshape(-1, 3)
    text = b"ply\nformat ascii 1.0\nelement vertex %d\n" % len(xyz)
    text += b"property double x\nproperty double y\nproperty double z\nend_header\n"
    rows = [b"%.3f %.3f %.3f" % tuple(row) for row in xyz]
    yield "text.ply", text + b"\n".join(rows) + b"\n"
    yield "text-cut.ply", text + b"\n".join(rows[:100])
    for name, word in (("nan", b"nan"), ("words", b"deep"), ("1e999", b"1e999"), ("comma", b"1,5")):
        yield f"text-{name}.ply", text + b"\n".join([b"1 2 " + word, *rows[1:]]) + b"\n"
    yield "text-few-columns.ply", text + b"\n".join([b"1 2", *rows[1:]]) + b"\n"
    yield "text-many-columns.ply", text + b"\n".join(row + b" 7" for row in rows) + b"\n"
    yield "text-line-endless.ply", text + b"1 " * 4_000_000
    yield "version-2.ply", ply.replace(b"_endian 1.0", b"_endian 2.0", 1)
    yield "comment-sjis.ply", ply.replace(b"element", "comment 測量\nelement".encode("cp932"), 1)
    yield "vertex-twice.ply", ply.replace(b"end_header", b"element vertex 5\nend_header", 1)
    first = b"element range_grid 1\nproperty list uchar int i\nelement vertex"
    yield "grid-first.ply", ply.replace(b"element vertex", first, 1)[: -len(body)] + b"\0" + body
    yield "bytes-for-coordinates.ply", ply.replace(b"double", b"uchar")
    yield "lines-end-by-cr.ply", (text + b"\n".join(rows) + b"\n").replace(b"\n", b"\r")
    yield "head-ends-by-cr.ply", head.replace(b"\n", b"\r") + b"end_header\r" + body
    half = np.where(np.arange(len(xyz))[:, None] % 2, xyz, np.nan)
    yield "half-nan.ply", head + b"end_header\n" + half.astype("<f8").tobytes()


def _other_oddities(sound: dict[str, bytes], choice: random.Random) -> Made:
    """Yield scans in wrappers, halves of downloads, and other files that are named like scans."""
    las, laz = sound["las"], sound["laz"]
    yield "gzip.laz", gzip.compress(laz, 1, mtime=0)
    yield "bzip2.las", bz2.compress(las, 1)
    yield "xz.laz", lzma.compress(laz, preset=0)
    yield "tar.las", _tar(las)
    yield "bomb-gzip.laz", gzip.compress(b"\0" * 100_000_000, 9, mtime=0)
    yield "byte-order-mark.las", b"\xef\xbb\xbf" + las
    yield "newlines-changed.laz", laz.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    yield "half-preallocated.las", las[: len(las) // 2] + b"\0" * (len(las) - len(las) // 2)
    yield "pdf.las", b"%PDF-1.7\n" + bytes(choice.randrange(256) for _ in range(2000))
    yield "pcd.ply", b"# .PCD v0.7\nVERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\n"
    yield "las-named.ply", las
    yield "ply-named.laz", sound["ply"]
    yield "las-named.e57", las
    yield "e57-named.las", sound["e57"]
    yield "geojson.laz", b'{"type": "FeatureCollection", "features": []}'


def _points_with(las: bytes, at: int, value: bytes) -> bytes:
    """Return a file with the same bytes at the same place of each point."""
    made = bytearray(las)
    start = struct.unpack_from("<I", las, 96)[0]
    for record in range(start, len(made) - _RECORD + 1, _RECORD):
        made[record + at : record + at + len(value)] = value
    return bytes(made)


def _put(data: bytes, at: int, kind: str, value: float) -> bytes:
    made = bytearray(data)
    struct.pack_into(f"<{kind}", made, at, value)
    return bytes(made)


def _tar(content: bytes) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        told = tarfile.TarInfo("scan.las")
        told.size = len(content)
        archive.addfile(told, io.BytesIO(content))
    return held.getvalue()


ODDITIES = (_las_oddities, _laz_oddities, _ply_oddities, _other_oddities)
