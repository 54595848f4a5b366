"""A site with everything that a report can show."""

from dataclasses import replace

import numpy as np
from factories import EASTING_M, GROUND_Z_M, NORTHING_M, make_pipe, make_result, make_survey

from twin_pipeline.model import CrossSection, DesignLine, JobFacts, LevelKind, Role

ORIGIN = np.array([EASTING_M, NORTHING_M, GROUND_Z_M])


def slice_of(pipe, station, seed=1):
    """Points on the upper half of the barrel, on the pavement and on the trench's walls."""
    rng = np.random.default_rng(seed)
    centre = pipe.stations.centre[station, 2]
    angle = rng.uniform(0.1, np.pi - 0.1, 120)
    radius = pipe.outer_diameter_m / 2 + rng.normal(0.0, 0.002, 120)
    barrel = np.column_stack((radius * np.cos(angle), centre + radius * np.sin(angle)))
    side = rng.choice([-1.0, 1.0], 120)
    pavement = np.column_stack((side * rng.uniform(0.5, 1.0, 120), np.full(120, GROUND_Z_M)))
    wall = np.column_stack((side * 0.5, rng.uniform(centre, GROUND_Z_M, 120)))
    return np.round(np.concatenate((barrel, pavement, wall)), 3)


def with_sections(pipe, count=6):
    stations = np.linspace(0, len(pipe.stations) - 1, count).astype(int)
    sections = tuple(
        CrossSection(float(pipe.stations.chainage_m[i]), slice_of(pipe, i)) for i in stations
    )
    return replace(pipe, sections=sections)


def complete_result(**changes):
    """Two pipes with cross-sections, boundary, design, job facts and another without ground."""
    job = JobFacts("水-2025-031", "西新宿本線", 2025, "GX")
    main = with_sections(replace(make_pipe("P1", hidden=(3.5, 5.5)), job=job))
    branch = make_pipe(
        "P2",
        (4.6, 1.15, -1.29),
        (5.6, 2.9, -1.22),
        via=((4.4, 2.0, -1.27),),
        outer_diameter_m=0.118,
        role=Role.BRANCH,
        nominal_diameter_mm=100,
        with_ground=False,
    )
    design = DesignLine(
        "設計 L1",
        np.array([[-1.0, -0.24, -1.335], [11.0, 2.76, -1.375]]) + ORIGIN,
        LevelKind.CENTRE,
    )
    result = make_result(
        make_survey(pipes=(main, with_sections(branch, 2))),
        boundary=np.array([[-3.0, -3.2], [14.0, 1.1]]) + ORIGIN[:2],
        design=(design,),
    )
    return replace(result, **changes)
