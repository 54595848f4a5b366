"""What flows between the stages: the cloud, the ground, the pipes, and the survey of one site.

Two frames are used. The *scan frame* is easting, northing, elevation in metres in the scan's own
coordinate reference system (always in this order, whatever the CRS declares). The *local frame*
is the scan frame minus `PointCloud.origin`, so that kernels work with small numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
SingleArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
LabelArray = npt.NDArray[np.uint16]


class Role(StrEnum):
    """What a pipe is in the excavation."""

    MAIN = "main"
    BRANCH = "branch"
    CROSSING = "crossing"
    UNKNOWN = "unknown"


class Quality(StrEnum):
    """How far a pipe's numbers can be relied on."""

    GOOD = "good"
    USABLE = "usable"
    POOR = "poor"


class FittingKind(StrEnum):
    """What stands at a point of a pipe."""

    JOINT = "joint"
    BEND = "bend"
    TEE = "tee"
    END = "end"


class LevelKind(StrEnum):
    """What a pipe's level is of."""

    CENTRE = "centre"
    CROWN = "crown"
    INVERT = "invert"


class PointLabel(IntEnum):
    """Per-point result; pipe i of the survey has the label `FIRST_PIPE + i`."""

    UNASSIGNED = 0
    GROUND = 1
    TRENCH = 2
    WITHHELD = 3
    """Flagged so in the scan, and not used."""
    FIRST_PIPE = 16


def frozen(array: npt.ArrayLike, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    """Return the array as a read-only, contiguous array of `dtype`."""
    result = np.ascontiguousarray(array, dtype=dtype)
    if result.flags.writeable:
        result = result.view()
        result.flags.writeable = False
    return result


@dataclass(frozen=True, slots=True, eq=False)
class PointChunk:
    """Consecutive points of a scan file, as they come from the reader."""

    start: int
    """Index of the first point in the file."""
    xyz: FloatArray
    """(N, 3) float64, metres, scan frame."""
    attributes: Mapping[str, npt.NDArray[Any]] = field(default_factory=lambda: MappingProxyType({}))
    """By LAS dimension name, each (N,): red, green, blue (uint16), intensity (uint16),
    classification (uint8), return_number (uint8), withheld (uint8, 0 or 1), gps_time (float64);
    absent where the point format has none."""


@dataclass(frozen=True, slots=True, eq=False)
class PointCloud:
    """All finite points of one site in the local frame."""

    xyz: FloatArray
    """(N, 3) float64, metres, local frame."""
    origin: FloatArray
    """(3,) float64: easting, northing, elevation of the local frame's zero in the scan frame."""
    time_s: FloatArray | None = None
    """(N,) float64, seconds from any zero, when each point was recorded; None where not given."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "xyz", frozen(self.xyz))
        object.__setattr__(self, "origin", frozen(self.origin))
        if self.time_s is not None:
            object.__setattr__(self, "time_s", frozen(self.time_s))
            if self.time_s.shape != self.xyz.shape[:1]:
                raise ValueError(f"time_s must be one a point, not {self.time_s.shape}")
        if self.xyz.ndim != 2 or self.xyz.shape[1] != 3:
            raise ValueError(f"xyz must be (N, 3), not {self.xyz.shape}")
        if self.origin.shape != (3,):
            raise ValueError(f"origin must be (3,), not {self.origin.shape}")

    def __len__(self) -> int:
        return len(self.xyz)


@dataclass(frozen=True, slots=True, eq=False)
class Stations:
    """Measurements along one pipe; every array has one entry a station, ordered by chainage."""

    chainage_m: FloatArray
    """(S,) along the centreline from its first vertex."""
    centre: FloatArray
    """(S, 3) scan frame, metres: easting, northing, elevation of the centreline."""
    crown_z_m: FloatArray
    """(S,) elevation of the top of the barrel straight above the centreline."""
    ground_z_m: FloatArray
    """(S,) elevation of the finished ground above the pipe; NaN where there is none."""
    cover_m: FloatArray
    """(S,) ground minus crown; NaN where there is no ground."""
    cover_std_m: FloatArray
    """(S,) 1 sigma; NaN where there is no ground."""
    outer_diameter_m: FloatArray
    """(S,) the pipe's diameter as measured around this station; NaN where too little was seen."""
    observed: BoolArray
    """(S,) False where the pipe was hidden and the centreline is interpolated."""

    def __post_init__(self) -> None:
        count = len(self.chainage_m)
        for name in self.__dataclass_fields__:
            array = getattr(self, name)
            object.__setattr__(
                self, name, frozen(array, bool if name == "observed" else np.float64)
            )
            if len(array) != count:
                raise ValueError(f"stations.{name} has {len(array)} entries, chainage_m {count}")

    def __len__(self) -> int:
        return len(self.chainage_m)


@dataclass(frozen=True, slots=True)
class Fitting:
    """A joint, bend, tee or end of a pipe."""

    kind: FittingKind
    chainage_m: float
    position: tuple[float, float, float]
    """Easting, northing, elevation on the centreline, scan frame."""
    angle_deg: float | None = None
    """Change of direction, for bends; angle between the axes, for tees."""
    catalogue_angle_deg: float | None = None
    """The standard bend nearest to it, where one is within its uncertainty."""
    radius_m: float | None = None
    """Bending radius of the centreline, for bends."""
    chainage_std_m: float | None = None
    """1 sigma along the pipe, for joints."""
    branch_id: str | None = None
    """The pipe that leaves here, for tees."""


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What no scan holds and the job's papers do; None where they don't say."""

    construction_no: str | None = None
    """工事番号."""
    route_name: str | None = None
    """路線名."""
    laid_fiscal_year: int | None = None
    """布設年度, Gregorian; a fiscal year begins in April."""
    joint_type: str | None = None
    """継手形式, such as GX, NS or K."""


@dataclass(frozen=True, slots=True)
class Rescan:
    """A stretch of a pipe that was too poorly seen."""

    kind: str
    """hidden, or narrow where it was seen over a small part of its circumference only."""
    first_m: float
    """Chainage."""
    last_m: float
    reason: str
    """What is missing from where to where, and what to do about it."""


@dataclass(frozen=True, slots=True, eq=False)
class CrossSection:
    """Points in a thin vertical slice across a pipe."""

    chainage_m: float
    """Of the station that it is cut at."""
    points: FloatArray
    """(N, 2) metres: to the right of the pipe's direction from its centreline, and elevation."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", frozen(self.points))


@dataclass(frozen=True, slots=True, eq=False)
class Pipe:
    """One measured pipe. Every std is 1 sigma, in metres."""

    pipe_id: str
    role: Role
    material: str | None
    outer_diameter_m: float
    outer_diameter_std_m: float
    nominal_diameter_mm: int | None
    nominal_probability: float | None
    centreline: FloatArray
    """(K, 3) float64, metres, scan frame."""
    length_m: float
    cover_min_m: float | None
    cover_mean_m: float | None
    cover_max_m: float | None
    cover_std_m: float | None
    crown_z_start_m: float
    crown_z_end_m: float
    centre_z_start_m: float
    centre_z_end_m: float
    position_std_h_m: float
    position_std_v_m: float
    arc_deg: float
    """Visible arc of the cross-section, median over the observed length."""
    fit_rms_m: float
    points: int
    observed_fraction: float
    quality: Quality
    quality_reason: str
    stations: Stations
    fittings: tuple[Fitting, ...]
    job: JobFacts = JobFacts()
    sections: tuple[CrossSection, ...] = ()
    """By chainage; a few, for drawings."""
    rescans: tuple[Rescan, ...] = ()
    """By chainage, each named in `quality_reason`; known while a scan is worked on, not kept."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "centreline", frozen(self.centreline))
        if self.centreline.ndim != 2 or self.centreline.shape[0] < 2:
            raise ValueError("a centreline needs two vertices")


@dataclass(frozen=True, slots=True, eq=False)
class DesignLine:
    """A designed pipe, brought to the site."""

    name: str
    vertices: FloatArray
    """(K, 3) scan frame, metres; the level is NaN where the design has none."""
    level: LevelKind
    """What the levels are of."""
    cover_m: FloatArray | None = None
    """(K,) designed cover; None where the design states none."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "vertices", frozen(self.vertices))
        if self.cover_m is not None:
            object.__setattr__(self, "cover_m", frozen(self.cover_m))


@dataclass(frozen=True, slots=True)
class Gate:
    """A quality gate of the run: passed or not, and why."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """The result for one site."""

    site: str
    pipes: tuple[Pipe, ...]
    point_labels: LabelArray
    """(N,) uint16 in file order, values as in `PointLabel`."""
    trench: tuple[FloatArray, ...]
    """Outlines of the excavation, each a closed (K, 2) ring in the scan frame; may be empty."""
    ground_z_m: float | None
    """Median elevation of the finished ground, None where none was found."""
    gates: tuple[Gate, ...] = ()
    warnings: tuple[str, ...] = ()
    pavement: FloatArray | None = None
    """(G, 3) mean points of small pieces of pavement, scan frame; None where none was found."""
