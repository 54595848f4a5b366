"""Hand-made surveys for tests: numbers as a real trench gives them, worked out on paper."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.run_record import InputFile, RunFacts
from twin_pipeline.model import (
    Fitting,
    FittingKind,
    FloatArray,
    Gate,
    Pipe,
    PointLabel,
    Quality,
    Role,
    Stations,
    Survey,
)

EASTING_M, NORTHING_M = -12_800.0, -34_400.0
"""Where the made sites lie: Tokyo, plane rectangular system IX."""
GROUND_Z_M = 32.0
SITE = "新宿区西新宿2丁目_001"

_LON0_DEG, _LAT0_DEG = 139.6919, 35.6898
_M_PER_DEG_LAT, _M_PER_DEG_LON = 110_950.0, 90_450.0
_GEOID_HEIGHT_M = 37.0


@dataclass(frozen=True)
class FakeGeoreference:
    """A flat earth round the made sites, exact enough to check order, units and nulls."""

    epsg: int | None = 6677
    horizontal_epsg: int | None = 6677
    wkt: str = 'PROJCRS["made for tests"]'
    is_local: bool = False
    vertical_name: str = "JGD2011 (vertical) height"
    above_geoid_m: float | None = 0.0
    geoid: str | None = "gsigeo2011"

    def to_geographic(self, xyz: FloatArray) -> FloatArray:
        return np.column_stack(
            (
                _LON0_DEG + (xyz[:, 0] - EASTING_M) / _M_PER_DEG_LON,
                _LAT0_DEG + (xyz[:, 1] - NORTHING_M) / _M_PER_DEG_LAT,
                xyz[:, 2] + _GEOID_HEIGHT_M,
            )
        )

    def describe(self) -> dict[str, Any]:
        return {
            "crs": {"value": f"EPSG:{self.epsg}" if self.epsg else "local", "source": "--crs"},
            "vertical": {"value": self.vertical_name, "source": "config"},
            "geoid": {"value": None if self.is_local else "gsigeo2011", "source": "config"},
            "horizontal_epsg": self.horizontal_epsg,
            "vertical_name": self.vertical_name,
            "local": self.is_local,
            "wkt": self.wkt,
            "warnings": [],
        }


LOCAL = FakeGeoreference(
    None, None, 'ENGCRS["site"]', is_local=True, vertical_name="local up", above_geoid_m=None
)


def make_stations(
    vertices: FloatArray,
    outer_diameter_m: float,
    *,
    hidden: tuple[float, float] | None = None,
    interval_m: float = 1.0,
    with_ground: bool = True,
) -> Stations:
    """Stations along a polyline, every interval and at its end."""
    steps = np.linalg.norm(np.diff(vertices, axis=0), axis=1)
    at_vertex = np.concatenate(([0.0], np.cumsum(steps)))
    total_m = at_vertex[-1]
    chainage = np.append(np.arange(0.0, total_m - 1e-9, interval_m), total_m)
    centre = np.column_stack([np.interp(chainage, at_vertex, vertices[:, i]) for i in range(3)])
    crown = centre[:, 2] + outer_diameter_m / 2
    ground = GROUND_Z_M + 0.012 * np.sin(chainage) if with_ground else np.full_like(crown, np.nan)
    start, end = hidden or (np.inf, -np.inf)
    observed = (chainage < start) | (chainage > end)
    return Stations(
        chainage_m=chainage,
        centre=centre,
        crown_z_m=crown,
        ground_z_m=ground,
        cover_m=ground - crown,
        cover_std_m=np.where(np.isnan(ground), np.nan, np.where(observed, 0.004, 0.011)),
        outer_diameter_m=np.where(observed, outer_diameter_m + 0.0006 * np.cos(chainage), np.nan),
        observed=observed,
    )


def make_pipe(
    pipe_id: str = "P1",
    start: tuple[float, float, float] = (0.0, 0.0, -1.34),
    end: tuple[float, float, float] = (9.6, 2.4, -1.37),
    *,
    via: tuple[tuple[float, float, float], ...] = (),
    outer_diameter_m: float = 0.220,
    hidden: tuple[float, float] | None = None,
    with_ground: bool = True,
    **changes: object,
) -> Pipe:
    """A pipe between points given in metres from (EASTING_M, NORTHING_M, GROUND_Z_M)."""
    origin = np.array([EASTING_M, NORTHING_M, GROUND_Z_M])
    vertices = np.array([start, *via, end]) + origin
    stations = make_stations(vertices, outer_diameter_m, hidden=hidden, with_ground=with_ground)
    cover = stations.cover_m
    pipe = Pipe(
        pipe_id=pipe_id,
        role=Role.MAIN,
        material="DIP",
        outer_diameter_m=outer_diameter_m,
        outer_diameter_std_m=0.0011,
        nominal_diameter_mm=200,
        nominal_probability=0.998,
        centreline=vertices,
        length_m=float(stations.chainage_m[-1]),
        cover_min_m=float(cover.min()) if with_ground else None,
        cover_mean_m=float(cover.mean()) if with_ground else None,
        cover_max_m=float(cover.max()) if with_ground else None,
        cover_std_m=0.004 if with_ground else None,
        crown_z_start_m=float(stations.crown_z_m[0]),
        crown_z_end_m=float(stations.crown_z_m[-1]),
        centre_z_start_m=float(vertices[0, 2]),
        centre_z_end_m=float(vertices[-1, 2]),
        position_std_h_m=0.0031,
        position_std_v_m=0.0027,
        arc_deg=171.4,
        fit_rms_m=0.0042,
        points=48_213,
        observed_fraction=float(stations.observed.mean()),
        quality=Quality.GOOD,
        quality_reason="171 deg of the barrel seen over 100 % of the length",
        stations=stations,
        fittings=make_fittings(vertices),
    )
    return replace(pipe, **changes)


def make_fittings(vertices: FloatArray) -> tuple[Fitting, ...]:
    """Ends, bends at inner vertices, and a joint at most a metre before the end."""
    steps = np.diff(vertices, axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    at_vertex = np.concatenate(([0.0], np.cumsum(lengths)))
    before_end_m = min(1.0, lengths[-1] / 2)
    joint_m = float(at_vertex[-1] - before_end_m)
    joint = vertices[-1] - before_end_m * steps[-1] / lengths[-1]
    bends = [
        Fitting(FittingKind.BEND, float(at_vertex[i]), tuple(vertices[i]), 44.62, 45.0, 0.51)
        for i in range(1, len(vertices) - 1)
    ]
    return (
        Fitting(FittingKind.END, 0.0, tuple(vertices[0])),
        *bends,
        Fitting(FittingKind.JOINT, joint_m, tuple(joint)),
        Fitting(FittingKind.END, float(at_vertex[-1]), tuple(vertices[-1])),
    )


def make_trench() -> FloatArray:
    """A closed ring, 11.6 m x 1.4 m along the first pipe: 16.24 m2."""
    along, across = np.array([9.6, 2.4]), np.array([-2.4, 9.6])
    along, across = along / np.linalg.norm(along), across / np.linalg.norm(across)
    corners = [(-0.8, -0.7), (10.8, -0.7), (10.8, 0.7), (-0.8, 0.7), (-0.8, -0.7)]
    return np.array([EASTING_M, NORTHING_M]) + np.array(
        [u * along + v * across for u, v in corners]
    )


def make_pipes() -> tuple[Pipe, ...]:
    """A main with a hidden stretch, a branch with a bend, and a poorly seen crossing."""
    return (
        make_pipe("P1", hidden=(3.5, 5.5), quality_reason="20 % of the length is interpolated"),
        make_pipe(
            "P2",
            (4.6, 1.15, -1.29),
            (5.6, 2.9, -1.22),
            via=((4.4, 2.0, -1.27),),
            outer_diameter_m=0.118,
            role=Role.BRANCH,
            nominal_diameter_mm=100,
            nominal_probability=0.981,
            quality=Quality.USABLE,
        ),
        make_pipe(
            "P3",
            (7.6, 0.6, -0.92),
            (6.6, 3.0, -0.93),
            outer_diameter_m=0.0893,
            outer_diameter_std_m=0.0074,
            role=Role.CROSSING,
            material=None,
            nominal_diameter_mm=None,
            nominal_probability=None,
            points=811,
            arc_deg=64.0,
            quality=Quality.POOR,
            quality_reason="only 64 deg of the barrel seen: DIP 75 and VP 75 both fit",
            fittings=(),
        ),
    )


def make_survey(site: str = SITE, **changes: object) -> Survey:
    """A site with three pipes, one trench, passed and failed gates, and a warning."""
    survey = Survey(
        site=site,
        pipes=make_pipes(),
        point_labels=np.full(1000, PointLabel.GROUND, dtype=np.uint16),
        trench=(make_trench(),),
        ground_z_m=GROUND_Z_M,
        gates=(
            Gate("pipe_found", passed=True, detail="3 pipes"),
            Gate("coverage", passed=False, detail="P3: 64 deg of 90 deg wanted"),
        ),
        warnings=("12 points without a finite coordinate were left out",),
    )
    return replace(survey, **changes)


def make_empty_survey(site: str = "no_pipe") -> Survey:
    """A site where nothing was found."""
    gate = Gate("pipe_found", passed=False, detail="no cylinder of 20 to 1600 mm in the trench")
    return make_survey(site, pipes=(), trench=(), gates=(gate,), warnings=())


def make_result(survey: Survey | None = None, **changes: object) -> SiteResult:
    """A site result with a georeference and provenance."""
    survey = survey or make_survey()
    result = SiteResult(
        survey=survey,
        georeference=FakeGeoreference(),
        provenance={
            "input": f"{survey.site}.laz",
            "sha256": "9f" * 32,
            "software": "twin_pipeline 0.1.0",
            "scan_modified_at": "2026-02-14T10:22:05+09:00",
        },
    )
    return replace(result, **changes)


def make_facts(**changes: object) -> RunFacts:
    """Facts of a run over one scan."""
    facts = RunFacts(
        version="0.1.0",
        started_at="2026-02-14T10:20:41+09:00",
        finished_at="2026-02-14T10:22:05+09:00",
        config={"read": {"axis_order": "auto"}, "detect": {"min_arc_deg": 60.0}},
        inputs=(
            InputFile("新宿区西新宿2丁目_001", "scans/新宿区西新宿2丁目_001.laz", "9f" * 32, 1000),
        ),
        timings_s={"read": 1.23456, "detect": 12.5},
        counts={"points_in_tiles": 1000},
    )
    return replace(facts, **changes)
