"""Pipes made up for benchmarks, and where they lie."""

from typing import Any

import numpy as np
from pyproj import CRS

from twin_pipeline.crs import Georeference, restore
from twin_pipeline.model import BoolArray, FloatArray, Pipe, Quality, Role, Stations


def stations_at(
    chainage_m: FloatArray,
    centre: FloatArray,
    ground_z_m: float,
    outer_m: float,
    std_m: float,
    seen: BoolArray,
) -> Stations:
    """Return the stations of a pipe below level ground.

    Chainage (S,) and centre (S, 3) in metres, scan frame; seen (S,).
    """
    count = len(chainage_m)
    crown_z_m = centre[:, 2] + outer_m / 2
    return Stations(
        chainage_m=chainage_m,
        centre=centre,
        crown_z_m=crown_z_m,
        ground_z_m=np.full(count, ground_z_m),
        cover_m=ground_z_m - crown_z_m,
        cover_std_m=np.full(count, std_m),
        outer_diameter_m=np.full(count, outer_m),
        observed=seen,
    )


def pipe_with(
    pipe_id: str, centreline: FloatArray, stations: Stations, material: str, nominal_mm: int
) -> Pipe:
    """Return a main that was measured well, with what its stations say."""
    std_m = float(stations.cover_std_m[0])
    return Pipe(
        pipe_id=pipe_id,
        role=Role.MAIN,
        material=material,
        outer_diameter_m=float(stations.outer_diameter_m[0]),
        outer_diameter_std_m=std_m / 3,
        nominal_diameter_mm=nominal_mm,
        nominal_probability=0.99,
        centreline=centreline,
        length_m=float(stations.chainage_m[-1]),
        cover_min_m=float(stations.cover_m.min()),
        cover_mean_m=float(stations.cover_m.mean()),
        cover_max_m=float(stations.cover_m.max()),
        cover_std_m=std_m,
        crown_z_start_m=float(stations.crown_z_m[0]),
        crown_z_end_m=float(stations.crown_z_m[-1]),
        centre_z_start_m=float(stations.centre[0, 2]),
        centre_z_end_m=float(stations.centre[-1, 2]),
        position_std_h_m=1.3 * std_m,
        position_std_v_m=std_m,
        arc_deg=150.0,
        fit_rms_m=0.003,
        points=20_000,
        observed_fraction=float(stations.observed.mean()),
        quality=Quality.GOOD,
        quality_reason="made to be good",
        stations=stations,
        fittings=(),
    )


def georeference() -> Georeference:
    """Return where a scan in plane rectangular system IX lies, as run.json has it."""
    stated: dict[str, Any] = {
        "crs": "EPSG:6677",
        "vertical": "jgd2011",
        "geoid": "gsigeo2011",
        "axis_order": "en",
    }
    return restore(
        {
            **{name: {"value": value, "source": "made"} for name, value in stated.items()},
            "horizontal_epsg": 6677,
            "compound_epsg": 10170,
            "declared_epsg": 6677,
            "vertical_name": "JGD2011 (vertical) height",
            "elevation_above_geoid_m": 0.0,
            "middle": [-10_000.0, -37_000.0, 30.0],
            "local": False,
            "wkt": CRS.from_epsg(6677).to_wkt(),
            "height_doubt": None,
            "warnings": [],
        }
    )
