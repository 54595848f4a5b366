"""Tubes on their way from seed to measurement; local frame, metres."""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.patches import Patches
from twin_pipeline.model import BoolArray, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Seeds:
    """Short pieces of possible axes, the strongest first. P = seeds; local frame, metres."""

    centre: FloatArray
    direction: FloatArray
    radius_m: FloatArray
    strength: FloatArray
    """(P,) mean angle covered over the piece's length, radians."""
    level: npt.NDArray[np.int64]
    """(P,) pyramid level of the patches that made the seed."""
    patches: dict[int, Patches]


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A followed axis. S = stations."""

    axis: FloatArray
    """(S, 3) evenly spaced, roughly centred."""
    radius_m: float
    seen: BoolArray
    """(S,) False where the tube was not visible and the axis is carried on."""
    level: int
    """Pyramid level of the patches it was followed on."""
    held: BoolArray | None = None
    """(S,) True where the axis stays as it is unless points show better; None for nowhere."""
    wide: bool = False
    """Whether a wide arc is known to show: then not each of many points has to be measured."""

    @property
    def length_m(self) -> float:
        """Length of the axis, metres."""
        return polyline.length(self.axis)


_COURSE_STD_PER_M = 3.0
"""Std of a course, by that of the place of its end, over about a metre that tells it."""
_PER_NODE = (
    "nodes", "std_h_m", "std_v_m", "crown_std_m", "arc_deg", "observed", "slice_radius_m",
    "drift_m", "visible", "held",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Tube:
    """A measured run, local frame, metres. K = nodes, P = points."""

    nodes: FloatArray
    """(K, 3) axis."""
    radius_m: float
    radius_std_m: float
    std_h_m: FloatArray
    """(K,) horizontal, across the axis."""
    std_v_m: FloatArray
    """(K,) of the axis' elevation."""
    crown_std_m: FloatArray
    """(K,) of the top of the tube."""
    arc_deg: FloatArray
    """(K,) seen arc of the slice around each node."""
    observed: BoolArray
    """(K,)"""
    slice_radius_m: FloatArray
    """(K,) radius of the slice around each node alone; NaN where not observed."""
    noise_m: float
    """rms of the residuals of the points used."""
    points: npt.NDArray[np.int64]
    """(P,) indices of the sorted points that lie on the tube."""
    points_used: int
    middle: FloatArray
    """(3,) mean unit vector from the axis to the middle of the seen arc."""
    purity: float
    """Share of the points near the shell, in the seen sectors, that lie on it."""
    plane_ratio: float
    """Residual variance of planes fitted to the slices over that of the tube; 1 = as flat."""
    misfit: float
    """rms of the mean residuals of sectors over the noise; 0 for a true circle."""
    inflation: float
    """How much more the radius varies along the tube than white noise lets it, as variances."""
    halo: float
    """Points that go on outwards beyond the ends of the seen arc, over points on the tube."""
    wander_m: float
    """rms by which the axis leaves, up and down, the straight or bend that it follows."""
    drift_m: FloatArray
    """(K,) the scan's drift's part of the crown's standard deviation; NaN where it is not known."""
    stand_off_m: float
    """By how much the scanned surface lies outside the barrel, as a sleeve does; 0 for none."""
    visible: BoolArray | None = None
    """(K,) where it can be seen, observed or not; None for where it was observed."""
    shrunk_m: float = 0.0
    """By how much smoothing of the cloud has made the tube thinner, in its radius; 0 for none."""
    oval_m: float = 0.0
    """Half of the difference between the widest and the narrowest radius; 0 for a circle."""
    oval_part_std_m: float = 0.0
    """What of the radius' std is doubt whether the tube is oval."""
    oval_std_m: float = 0.0
    """Std of the radius if pipes of its kind are oval, which points on a short arc hardly show."""
    doubt_std_m: float = 0.0
    """What shares of the points differ by in the radius beyond noise; not in its std before the
    end, as what is no pipe is told by that."""
    led_m: FloatArray | None = None
    """(4,) by how much noise along the rays has moved its axis, and made it thinner; not put right
    before the end, as of few points no pipe is told by that. None for nothing."""
    sleeve_std_m: float = 0.0
    """What a sleeve that the scan can't show adds, if pipes of its kind are laid in sleeves."""
    one_in: int = 1
    """Of how many points of the run one was measured."""
    held: BoolArray | None = None
    """(K,) where the axis is that of the run, see `Run`; None for nowhere."""
    blurred: bool = False
    """Whether noise hides its surface, so that its whole cross-section was measured at once."""

    @property
    def length_m(self) -> float:
        """Length of the axis, metres."""
        return polyline.length(self.nodes)

    @property
    def round_std_m(self) -> float:
        """Std of the radius but for doubt whether it is round, which grows with what is known."""
        return math.sqrt(max(self.radius_std_m**2 - self.oval_part_std_m**2, 0.0))

    def without(self, ends: BoolArray) -> "Tube":
        """Return the tube without nodes (K,) at its ends; what was measured stays as it is."""
        if not ends.any():
            return self
        values = {name: getattr(self, name) for name in _PER_NODE}
        kept = {name: each[~ends] for name, each in values.items() if each is not None}
        return replace(self, **kept)

    def lengthened(self, ahead: FloatArray, observed: BoolArray) -> "Tube":
        """Return the tube with nodes (M, 3) beyond its last one, seen (M,) or not.

        They are known as well as the last one, but for its course.
        """
        away_m = np.linalg.norm(ahead - self.nodes[-1], axis=1)
        growth = np.hypot(1.0, _COURSE_STD_PER_M * away_m)
        values = {name: getattr(self, name) for name in _PER_NODE}
        more = {
            name: np.full(len(ahead), each[-1])
            for name, each in values.items()
            if each is not None and name != "nodes"
        }
        more |= {name: more[name] * growth for name in ("std_h_m", "std_v_m", "crown_std_m")}
        more |= {"nodes": ahead, "observed": observed}
        more["slice_radius_m"] = np.full(len(ahead), np.nan)
        if self.visible is not None:
            more["visible"] = observed
        return replace(
            self, **{name: np.concatenate([values[name], each]) for name, each in more.items()}
        )

    def turned(self) -> "Tube":
        """Return the tube with its nodes the other way round."""
        values = {name: getattr(self, name) for name in _PER_NODE}
        return replace(
            self, **{name: each[::-1] for name, each in values.items() if each is not None}
        )
