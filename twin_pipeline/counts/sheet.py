"""A sheet of counts as it is read: checked cell by cell, with what was odd about it."""

import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from twin_pipeline.counts.cells import count_in, plain, span_in
from twin_pipeline.counts.columns import KEYS, Columns, SheetMapping, columns_of
from twin_pipeline.durable.inputs import sha256_of
from twin_pipeline.errors import InputError, UsageError

_ENCODINGS = ("utf-8-sig", "cp932")
_HEAD_WITHIN = 20
"""Lines in which the names of the columns are looked for: titles often stand above them."""

Key = tuple[str, str, str]
"""Site, direction and vehicle class."""


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Counts by series and by the minute at which a bin begins."""

    path: Path
    sha256: str
    rows: int
    resolution_min: int
    """Length of its bins, minutes."""
    phase_min: int
    """Minute, modulo the length, at which its bins begin."""
    counts: dict[Key, dict[int, float | None]]
    """None where the sheet says that nothing was counted."""
    has: frozenset[str]
    """Which of `KEYS` the sheet has a column for."""
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Bin:
    start: int
    end: int | None
    count: float | None
    line: int


def read_sheet(path: Path, mapping: SheetMapping, bin_minutes: int) -> Sheet:
    """Read a CSV of counts.

    Raises
    ------
    InputError
        When the file can't be read, or holds what is no count, time or name.
    UsageError
        When it lacks a column.
    """
    try:
        text = _decoded(path, path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error
    lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))
    begin, columns = _head(path, lines, mapping)
    series: dict[Key, dict[int, _Bin]] = {}
    repeated = 0
    for key, found in _bins(path, lines, begin, columns, mapping):
        before = series.setdefault(key, {}).get(found.start)
        if before is None:
            series[key][found.start] = found
            continue
        if before.count != found.count:
            raise InputError(
                f"{path}: line {found.line}: {_named(key)} has a count for this bin already, "
                f"{_told(before.count)} in line {before.line} and {_told(found.count)} here; "
                "leave one of them out"
            )
        repeated += 1
    if not series:
        raise InputError(f"{path}: has no counts below its head")
    resolution = _resolution(path, series, bin_minutes)
    return Sheet(
        path=path,
        sha256=sha256_of(path),
        rows=sum(map(len, series.values())) + repeated,
        resolution_min=resolution,
        phase_min=_phase(path, series, resolution),
        counts={k: {b.start: b.count for b in bins.values()} for k, bins in series.items()},
        has=frozenset(columns.keys) | ({"vehicle_class"} if mapping.count_columns else frozenset()),
        notes=(f"{path.name}: {repeated} bins stand in it twice with the same count",)
        if repeated
        else (),
    )


def _decoded(path: Path, content: bytes) -> str:
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return content.decode("utf-16", "replace")
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(f"{path}: is neither UTF-8 nor CP932 (Shift JIS); save it as CSV UTF-8")


def _delimiter(text: str) -> str:
    start = text[:4000]
    return max((",", "\t", ";"), key=start.count)


def _head(path: Path, lines: Sequence[Sequence[str]], mapping: SheetMapping) -> tuple[int, Columns]:
    """Return the number of the first line below the head, and the columns."""
    problem: str | None = None
    for number, line in enumerate(lines[:_HEAD_WITHIN]):
        if sum(bool(cell.strip()) for cell in line) < 2:
            continue
        found = columns_of(line, mapping)
        if isinstance(found, Columns):
            return number + 1, found
        problem = problem or f"{found}; it has {', '.join(filter(None, map(plain, line)))[:200]}"
    raise UsageError(
        f"{path}: has {problem or 'no line with the names of columns'}; name the columns with "
        "--mapping, see docs/counts.md"
    )


def _bins(
    path: Path,
    lines: Sequence[Sequence[str]],
    begin: int,
    columns: Columns,
    mapping: SheetMapping,
) -> Iterator[tuple[Key, _Bin]]:
    read_span = cache(span_in)
    needed = 1 + max(columns.start, columns.date or 0, *columns.keys.values(), 0)
    for number, line in enumerate(lines[begin:], start=begin + 1):
        if not any(cell.strip() for cell in line):
            continue
        if len(line) < needed:
            raise InputError(
                f"{path}: line {number}: has only {len(line)} cells; complete or remove it"
            )
        cells = [
            *line,
            *[""] * (1 + max(columns.end or 0, *(n for n, _ in columns.counts), 0) - len(line)),
        ]
        cell = ""
        try:
            named = {key: _value(cells, at, key, mapping) for key, at in columns.keys.items()}
            cell = cells[columns.start]
            date = "" if columns.date is None else cells[columns.date]
            start, end = read_span(date, cell)
            if end is None and columns.end is not None:
                cell = cells[columns.end]
                end, _ = read_span(date, cell)
                end += 24 * 60 if columns.date is not None and end <= start else 0
            for at, kind in columns.counts:
                cell = cells[at]
                key = (
                    named.get("site", ""),
                    named.get("direction", ""),
                    named.get("vehicle_class", "") if kind is None else kind,
                )
                yield key, _Bin(start, end, count_in(cell), number)
        except ValueError as error:
            raise InputError(f"{path}: line {number}: {plain(cell)[:40]!r} {error}") from error


def _value(cells: Sequence[str], at: int, key: str, mapping: SheetMapping) -> str:
    value = plain(cells[at])
    if not value:
        raise ValueError(f"is empty where the {key} should stand")
    return mapping.values.get(key, {}).get(value, value)


def _resolution(path: Path, series: dict[Key, dict[int, _Bin]], bin_minutes: int) -> int:
    """Return the length of the bins: stated, or the smallest distance of two."""
    for bins in series.values():
        for one in bins.values():
            if one.end is not None and one.end <= one.start:
                raise InputError(f"{path}: line {one.line}: the bin ends before it begins")
    stated = Counter(b.end - b.start for bins in series.values() for b in bins.values() if b.end)
    if len(stated) > 1:
        (first, _), (second, _) = stated.most_common(2)
        odd = next(b for s in series.values() for b in s.values() if b.end == b.start + second)
        raise InputError(
            f"{path}: line {odd.line}: the bin is {second} min long, others {first} min; bins must "
            "have one length"
        )
    starts = (sorted(bins) for bins in series.values())
    gaps = {b - a for times in starts for a, b in itertools.pairwise(times)}
    length = next(iter(stated), min(gaps, default=bin_minutes))
    if gaps and min(gaps) < length:
        raise InputError(
            f"{path}: bins of {length} min begin {min(gaps)} min after each other: they overlap"
        )
    if bin_minutes % length:
        raise InputError(
            f"{path}: its bins are {length} min long and can't be added up to bins of "
            f"{bin_minutes} min; give counts of {bin_minutes} min or finer, or set "
            "counts.bin_minutes"
        )
    return length


def _phase(path: Path, series: dict[Key, dict[int, _Bin]], resolution: int) -> int:
    phases = Counter(start % resolution for bins in series.values() for start in bins)
    (usual, _), *others = phases.most_common()
    for phase, _ in others:
        odd = next(b for s in series.values() for b in s.values() if b.start % resolution == phase)
        raise InputError(
            f"{path}: line {odd.line}: the bin begins {abs(phase - usual)} min beside the bins of "
            f"{resolution} min that the other lines have"
        )
    return usual


def _told(count: float | None) -> str:
    return "none" if count is None else f"{count:g}"


def _named(key: Key) -> str:
    return " / ".join(filter(None, key)) or "the series"


__all__ = ["KEYS", "Key", "Sheet", "read_sheet"]
