"""Where a scan lies, from its file, the configuration and its control points."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from twin_pipeline.bounds import bounds_of
from twin_pipeline.config import Config
from twin_pipeline.crs import Georeference, resolve
from twin_pipeline.errors import GeoreferenceError, InputError, UsageError
from twin_pipeline.model import FloatArray, PointChunk
from twin_pipeline.output import shown
from twin_pipeline.registration import Control, Similarity, control_of, read_targets
from twin_pipeline.stages.read import ScanInfo

Box = tuple[FloatArray, FloatArray]
"""(3,) lowest and (3,) highest coordinates, metres, scan frame."""

# A scan of its own georeference that is moved by more was not where it was said to be.
_OWN_PLACE_M = 1.0
_MOVED_M = 1e-4


def locate(info: ScanInfo, config: Config) -> Georeference:
    """Return the georeference of a scan.

    Raises
    ------
    InputError
        When the scan's points can't be used.
    GeoreferenceError
        When coordinates or heights can't be established.
    """
    usable(info)
    held = registered(info.path, config) is not None
    return place(info, bounds(info, config), config, held=held)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a scan's place."""

    georeference: Georeference | None
    trouble: str | None
    """Why it has none, with what to do; None where it has one."""
    unsaid: bool = False
    """Whether the trouble is only that nobody has said enough."""

    @property
    def doubted(self) -> bool:
        """Whether what was said of the place can't be true."""
        return self.trouble is not None and not self.unsaid

    def summary(self) -> str:
        """Return in a line where the scan lies, or why that is not known."""
        placed = self.georeference
        if placed is None:
            return f"{'not said yet' if self.unsaid else 'doubtful'}: {self.trouble}"
        geoid = placed.geoid
        through = f" through {Path(geoid).name}" if geoid else ""
        return f"{placed.where}, {placed.vertical_name}{through}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is odd about the place, but can well be."""
        return () if self.georeference is None else self.georeference.warnings


def standing(info: ScanInfo, config: Config) -> Standing:
    """Return where a scan lies, or why that can't be told, as `locate` would find it.

    Raises
    ------
    InputError
        When the scan's points can't be used.
    """
    try:
        return Standing(locate(info, config), None)
    except GeoreferenceError as error:
        return Standing(None, str(error), error.unsaid)


def usable(info: ScanInfo) -> ScanInfo:
    """Return a scan whose points can be used; raises InputError where they can't."""
    if info.unreadable:
        raise InputError(info.unreadable)
    return info


def registered(scan: Path, config: Config, *, needed: bool = True) -> Control | None:
    """Return how a scan is moved onto its control points, None where none were given.

    Where they are not `needed`, a file that has none of this scan gives None, too.

    Raises
    ------
    InputError
        When the control points can't be read.
    GeoreferenceError
        When they can't fix the scan.
    """
    north_first = config.crs.axis_order == "ne"
    return control_of(scan, config.registration, north_first=north_first, needed=needed)


def require_targets(sites: int, config: Config) -> None:
    """Raise UsageError where several sites would share control points that are those of one."""
    if config.registration.gcp is None or sites < 2:
        return
    file = read_targets(Path(config.registration.gcp))
    if any(target.scan is None for target in file.targets):
        raise UsageError(
            f"{file.path}: does not say which scan each control point was seen in: add a column "
            "scan, or run the scans one by one"
        )


def moved_chunks(chunks: Iterable[PointChunk], change: Similarity | None) -> Iterator[PointChunk]:
    """Yield a scan's points, in another frame where there is a change to it."""
    for chunk in chunks:
        yield chunk if change is None else replace(chunk, xyz=change.apply(chunk.xyz))


def resolution_m(info: ScanInfo, change: Similarity | None) -> tuple[float, float, float]:
    """Return (3,) what a scan's coordinates are multiples of; moved ones are of nothing coarse."""
    return info.scale if change is None else (_MOVED_M, _MOVED_M, _MOVED_M)


def corners(box: Box) -> FloatArray:
    """Return (8, 3) the corners of a box from its lowest and highest, metres."""
    return np.array(list(product(*np.transpose(box))), dtype=np.float64)


def place(info: ScanInfo, box: Box, config: Config, *, held: bool = False) -> Georeference:
    """Return the georeference of a scan whose (3,) corners are known, metres, scan frame.

    Control points may have `held` it where it is.

    Raises
    ------
    GeoreferenceError
        When coordinates or heights can't be established.
    """
    sources = config.sources("crs")
    name = shown(info.path)
    with naming([info.path]):
        return resolve(info.crs, config.crs, *box, name, sources, info.survey_date, held=held)


@contextmanager
def naming(scans: Sequence[Path]) -> Iterator[None]:
    """Have errors inside say which scan they are about, where they don't say it already."""
    names = [shown(scan) for scan in scans]
    try:
        yield
    except (InputError, GeoreferenceError) as error:
        if not any(name in str(error) for name in (*names, *(scan.name for scan in scans))):
            error.args = (f"{', '.join(names)}: {error}",)
        raise


def file_bounds(info: ScanInfo, config: Config) -> Box:
    """Return the (3,) lowest and (3,) highest coordinates in a file, metres, easting first.

    Raises
    ------
    InputError
        When the file's box is not a number.
    """
    if info.box is None:
        raise InputError(f"{info.path}: its bounding box is not a number; export the scan again")
    order = [1, 0, 2] if config.crs.axis_order == "ne" else [0, 1, 2]
    return np.array(info.box.lower)[order], np.array(info.box.upper)[order]


def bounds(info: ScanInfo, config: Config) -> Box:
    """Return the (3,) lowest and (3,) highest coordinates of a scan, metres, scan frame.

    Raises
    ------
    InputError
        When the file's box is not a number, or control points can't be read.
    GeoreferenceError
        When control points can't fix the scan.
    """
    box = file_bounds(info, config)
    control = registered(info.path, config)
    return box if control is None else bounds_of(control.fitted.similarity.apply(corners(box)))


def registration_warnings(
    info: ScanInfo, control: Control | None, georeference: Georeference
) -> Iterator[str]:
    """Yield what is odd about a registration, and how false the scan's own place was."""
    if control is None:
        return
    for warning in control.warnings():
        yield f"{shown(info.path)}: {warning}"
    change = control.fitted.similarity
    shift = change.target - change.source
    if info.crs.wkt is None or np.linalg.norm(shift) < _OWN_PLACE_M:
        return
    undulation_m = float(georeference.geoid_undulation_m(change.target[np.newaxis])[0])
    east, north, up = shift
    text = (
        f"{shown(info.path)}: its control points move it by {east:.2f} m east, {north:.2f} m north "
        f"and {up:.2f} m up from where its own record ({info.crs.source}) has it"
    )
    if undulation_m and abs(up + undulation_m) < _OWN_PLACE_M:
        text += f"; the geoid is {undulation_m:.2f} m high there: its heights were ellipsoidal"
    yield text
