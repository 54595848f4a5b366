"""Turn a measured tube into the pipe that is reported: stations, cover, fittings, quality."""

import math
from dataclasses import dataclass, replace

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.crown import crown_rise
from twin_pipeline.geometry.rescans import barrel_hidden, rescans
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import (
    BoolArray,
    Fitting,
    FloatArray,
    Pipe,
    Quality,
    Rescan,
    Role,
    Stations,
)

_SAME_STATION_M = 0.02
_COMMON_DRIFT = 0.4
"""Of a drift of the pipe; the pavement beside it drifts along."""


class DescribeOptions(BaseModel):
    """Options of stations and quality."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    station_interval_m: float = Field(1.0, gt=0.0, description="distance between stations, metres")
    scan_distortion_std_m: float = Field(
        0.0002,
        ge=0.0,
        description="1 sigma of the scan's own drift that the pipe does not show, metres",
    )
    unsolved_drift_std_m: float = Field(
        0.002,
        ge=0.0,
        description="the same of scans of which it is not known when points were recorded, metres",
    )
    good_arc_deg: float = Field(100.0, gt=0.0, description="least arc of quality good, degrees")
    usable_arc_deg: float = Field(70.0, gt=0.0, description="least arc of quality usable, degrees")
    good_diameter_std_m: float = Field(
        0.002, gt=0.0, description="largest diameter std of quality good, metres"
    )
    usable_diameter_std_m: float = Field(
        0.006, gt=0.0, description="largest diameter std of quality usable, metres"
    )
    good_position_std_m: float = Field(
        0.02, gt=0.0, description="largest position std anywhere of quality good, metres"
    )
    usable_position_std_m: float = Field(
        0.1, gt=0.0, description="largest position std anywhere of quality usable, metres"
    )
    good_ground_std_m: float = Field(
        0.02, gt=0.0, description="largest std of the finished ground of quality good, metres"
    )
    usable_ground_std_m: float = Field(
        0.1, gt=0.0, description="largest std of the finished ground of quality usable, metres"
    )
    good_observed: float = Field(0.9, gt=0.0, le=1.0, description="least share seen of good, ratio")
    usable_observed: float = Field(
        0.6, gt=0.0, le=1.0, description="least share seen of usable, ratio"
    )


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What earlier stages decided about a tube."""

    pipe_id: str
    tube: Tube
    role: Role
    material: str | None
    nominal_diameter_mm: int | None
    nominal_probability: float | None
    nominal_note: str | None
    fittings: tuple[Fitting, ...]
    """Positions and chainages along the tube's nodes, local frame."""


def describe(
    finding: Finding, ground: Ground | None, origin: FloatArray, options: DescribeOptions
) -> Pipe:
    """Return the pipe in the scan frame; `origin` (3,) is the local frame's zero there."""
    tube = finding.tube
    length = tube.length_m
    fittings = tuple(sorted(finding.fittings, key=lambda f: (f.chainage_m, f.kind.value)))
    at = _station_chainages(length, fittings, options.station_interval_m)
    cover, cover_std, ground_std = _cover(tube, ground, at, options)
    centre = polyline.along(tube.nodes, tube.nodes, at)
    crown_z = centre[:, 2] + origin[2] + crown_rise(tube.nodes, tube.radius_m, at)
    stations = Stations(
        chainage_m=at,
        centre=centre + origin,
        crown_z_m=crown_z,
        ground_z_m=crown_z + cover,
        cover_m=cover,
        cover_std_m=cover_std,
        outer_diameter_m=_station_diameters(tube, at),
        observed=_observed_at(tube, at),
    )
    observed = float(tube.observed.mean())
    again = _rescans(finding, options)
    quality, reason = _quality(finding, stations, ground_std, again, options)
    covered = bool(np.isfinite(cover).any())
    drift = _drift(tube, options)
    return Pipe(
        pipe_id=finding.pipe_id,
        role=finding.role,
        material=finding.material,
        outer_diameter_m=2.0 * tube.radius_m,
        outer_diameter_std_m=2.0 * tube.radius_std_m,
        nominal_diameter_mm=finding.nominal_diameter_mm,
        nominal_probability=finding.nominal_probability,
        centreline=tube.nodes + origin,
        length_m=length,
        cover_min_m=float(np.nanmin(cover)) if covered else None,
        cover_mean_m=_mean_cover(tube, ground) if covered else None,
        cover_max_m=float(np.nanmax(cover)) if covered else None,
        cover_std_m=float(np.sqrt(np.nanmean(cover_std**2))) if covered else None,
        crown_z_start_m=float(stations.crown_z_m[0]),
        crown_z_end_m=float(stations.crown_z_m[-1]),
        centre_z_start_m=float(stations.centre[0, 2]),
        centre_z_end_m=float(stations.centre[-1, 2]),
        position_std_h_m=math.hypot(_rms(tube.std_h_m[tube.observed]), drift),
        position_std_v_m=math.hypot(_rms(tube.std_v_m[tube.observed]), drift),
        arc_deg=float(np.median(tube.arc_deg[tube.observed])),
        fit_rms_m=tube.noise_m,
        points=len(tube.points),
        observed_fraction=observed,
        quality=quality,
        quality_reason=reason,
        stations=stations,
        fittings=tuple(_moved(fitting, origin) for fitting in fittings),
        rescans=again,
    )


def position(tube: Tube, at_m: float) -> tuple[float, float, float]:
    """Return the point of the axis at a chainage, local frame."""
    x, y, z = polyline.along(tube.nodes, tube.nodes, np.array([at_m]))[0]
    return float(x), float(y), float(z)


def _moved(fitting: Fitting, origin: FloatArray) -> Fitting:
    x, y, z = np.asarray(fitting.position) + origin
    return replace(fitting, position=(float(x), float(y), float(z)))


def _station_chainages(
    length_m: float, fittings: tuple[Fitting, ...], interval_m: float
) -> FloatArray:
    """Return multiples of the interval, and every fitting and end, each once."""
    wanted = [0.0, length_m, *(fitting.chainage_m for fitting in fittings)]
    regular = [float(r) for r in np.arange(interval_m, length_m, interval_m)]
    clear = [r for r in regular if min(abs(r - w) for w in wanted) > _SAME_STATION_M]
    at = np.array(sorted({*wanted, *clear}))
    keep = np.concatenate([[True], np.diff(at) > 1e-6])
    return at[keep]


def _cover(
    tube: Tube, ground: Ground | None, at: FloatArray, options: DescribeOptions
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return cover, its std and the ground's at chainages; NaN where there is no ground."""
    if ground is None:
        return np.full(len(at), np.nan), np.full(len(at), np.nan), np.full(len(at), np.nan)
    centre = polyline.along(tube.nodes, tube.nodes, at)
    elevation, elevation_std = ground.elevation_at(centre[:, :2])
    solved = np.nan_to_num(tube.drift_m)
    alone = np.maximum(tube.crown_std_m**2 - solved**2, 0.0)
    drift = _COMMON_DRIFT * np.hypot(solved, _drift(tube, options))
    crown_std = polyline.along(tube.nodes, np.sqrt(alone + drift**2), at)
    rise = crown_rise(tube.nodes, tube.radius_m, at)
    # what is off square to a sloping leg is off by more straight up
    std = np.hypot(elevation_std, crown_std * rise / tube.radius_m)
    return elevation - centre[:, 2] - rise, std, elevation_std


def _drift(tube: Tube, options: DescribeOptions) -> float:
    """Return the std of the scan's drift that the tube's own do not hold yet, metres.

    It is at least as large as the axis waves beyond what they explain.
    """
    solved = bool(np.isfinite(tube.drift_m).any())
    least_m = options.scan_distortion_std_m if solved else options.unsolved_drift_std_m
    return math.hypot(tube.wander_m, least_m)


def _mean_cover(tube: Tube, ground: Ground | None) -> float | None:
    """Return the mean along the pipe, which stations at fittings must not weight."""
    if ground is None:
        return None
    at = np.linspace(0.0, tube.length_m, max(int(tube.length_m / 0.5), 2) + 1)
    centre = polyline.along(tube.nodes, tube.nodes, at)
    elevation, _ = ground.elevation_at(centre[:, :2])
    rise = crown_rise(tube.nodes, tube.radius_m, at)
    return float(np.nanmean(elevation - centre[:, 2] - rise))


def _observed_at(tube: Tube, at: FloatArray) -> BoolArray:
    return polyline.along(tube.nodes, tube.observed.astype(float), at) >= 0.5


def _station_diameters(tube: Tube, at: FloatArray) -> FloatArray:
    nearest = np.abs(polyline.chainage(tube.nodes)[None] - at[:, None]).argmin(axis=1)
    measured = np.where(tube.observed, 2.0 * tube.slice_radius_m, np.nan)
    return measured[nearest]


def _rms(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _rescans(finding: Finding, options: DescribeOptions) -> tuple[Rescan, ...]:
    tube = finding.tube
    at = polyline.chainage(tube.nodes)
    hidden = barrel_hidden(at, _seen(tube), finding.fittings)
    # sockets hide the barrel, not that it was scanned from both sides
    arc_deg = np.where(tube.observed, tube.arc_deg, np.inf)
    return rescans(at, hidden, arc_deg, options.usable_arc_deg)


def _seen(tube: Tube) -> BoolArray:
    return tube.observed if tube.visible is None else tube.visible


def _quality(
    finding: Finding,
    stations: Stations,
    ground_std_m: FloatArray,
    again: tuple[Rescan, ...],
    options: DescribeOptions,
) -> tuple[Quality, str]:
    """Return the grade and what limits it, in words that say what to do about it."""
    tube = finding.tube
    chainage = polyline.chainage(tube.nodes)
    seen = 1.0 - float(barrel_hidden(chainage, _seen(tube), finding.fittings).mean())
    arc = float(np.median(tube.arc_deg[tube.observed]))
    std_mm = 2000.0 * tube.radius_std_m
    off_m = np.hypot(tube.std_h_m, tube.std_v_m)
    worst_at = float(chainage[off_m.argmax()])
    worst_m = float(off_m.max())
    ground_m, ground_at = _worst_ground(ground_std_m, stations)
    limits = (
        (arc, options.good_arc_deg, options.usable_arc_deg,
         f"only {arc:.0f} degrees of the circumference were seen: scan from both sides"),
        (-std_mm, -1000.0 * options.good_diameter_std_m, -1000.0 * options.usable_diameter_std_m,
         _unsure_diameter(tube, std_mm)),
        (-worst_m, -options.good_position_std_m, -options.usable_position_std_m,
         f"position known to {1000.0 * worst_m:.0f} mm only at {worst_at:.1f} m: rescan there"),
        (seen, options.good_observed, options.usable_observed,
         f"{100.0 * (1.0 - seen):.0f} % of the length was hidden: uncover and rescan"),
        (-ground_m, -options.good_ground_std_m, -options.usable_ground_std_m,
         _unsure_ground(ground_m, ground_at)),
    )  # fmt: skip
    grade = Quality.GOOD
    reasons = [rescan.reason for rescan in again]
    for value, good, usable, reason in limits:
        if value < good:
            reasons.append(reason)
            grade = Quality.POOR if value < usable or grade is Quality.POOR else Quality.USABLE
    if not np.isfinite(stations.cover_m).any():
        reasons.append("no finished ground beside the pipe: no cover")
    if tube.blurred:
        grade = Quality.USABLE if grade is Quality.GOOD else grade
        reasons.append(_blurred(tube))
    if tube.shrunk_m > 0.0:
        reasons.append(_smoothed(tube))
    if tube.oval_m > 0.0:
        reasons.append(_oval(tube))
    if finding.nominal_note:
        reasons.append(finding.nominal_note)
    return grade, "; ".join(reasons) or f"well seen over {100.0 * seen:.0f} % of its length"


def _worst_ground(ground_std_m: FloatArray, stations: Stations) -> tuple[float, float]:
    """Return where the ground is least known, its std and the chainage; 0 without a ground."""
    if not np.isfinite(ground_std_m).any():
        return 0.0, 0.0
    worst = int(np.nanargmax(ground_std_m))
    return float(ground_std_m[worst]), float(stations.chainage_m[worst])


def _unsure_ground(std_m: float, at_m: float) -> str:
    return (
        f"finished ground known to {1000.0 * std_m:.0f} mm only at {at_m:.1f} m: it is uneven or "
        f"lies on two levels there (kerb, heap): measure the cover by hand"
    )


def _blurred(tube: Tube) -> str:
    return (
        f"its points scatter by {1000.0 * tube.noise_m:.0f} mm, {tube.noise_m / tube.radius_m:.1f} "
        "of the radius, so that no joint would show: scan from nearer"
    )


def _smoothed(tube: Tube) -> str:
    return (
        f"the cloud was smoothed, which makes pipes thinner: {2000.0 * tube.shrunk_m:.1f} mm were "
        "added to the diameter: export the scan without smoothing"
    )


def _oval(tube: Tube) -> str:
    share, apart_m = 2.0 * tube.oval_m / tube.radius_m, 4.0 * tube.oval_m
    return (
        f"oval by {100.0 * share:.1f} %, or scanned twice a little apart: "
        f"{1000.0 * apart_m:.1f} mm between its widest and its narrowest diameter, whose mean is "
        "stated"
    )


def _unsure_diameter(tube: Tube, std_mm: float) -> str:
    if tube.stand_off_m > 0.0:
        return (
            f"diameter known to {std_mm:.1f} mm only: a sleeve stands off the barrel by about "
            f"{1000.0 * tube.stand_off_m:.0f} mm: measure the bare barrel by hand"
        )
    return f"diameter known to {std_mm:.1f} mm only: scan closer or uncover more"
