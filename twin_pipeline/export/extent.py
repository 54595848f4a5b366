"""Where sites lie: centre and bounds, in the scan frame and on the earth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.model import FloatArray, Survey


@dataclass(frozen=True, slots=True)
class SiteCentre:
    """The middle of a site on the earth."""

    lon_deg: float
    lat_deg: float
    ground_ellipsoidal_height_m: float | None
    """Of the finished ground; None where none was found."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """A rectangle of longitudes and latitudes."""

    west_deg: float
    south_deg: float
    east_deg: float
    north_deg: float


def site_centre(result: SiteResult) -> SiteCentre | None:
    """Return the site's middle; None where there is neither trench nor pipe nor extent."""
    footprint = place_of(result)
    if len(footprint) == 0:
        return None
    middle = (footprint.min(axis=0) + footprint.max(axis=0)) / 2
    ground_z_m = result.survey.ground_z_m
    if ground_z_m is not None:
        middle[2] = ground_z_m
    lon, lat, height = result.georeference.to_geographic(middle[np.newaxis])[0].tolist()
    return SiteCentre(lon, lat, None if ground_z_m is None else height)


def geographic_bounds(results: Sequence[SiteResult], margin_deg: float = 0.0) -> Bounds | None:
    """Return the rectangle round all trenches and pipes, None when nothing lies anywhere."""
    located = [
        result.georeference.to_geographic(footprint)
        for result in results
        if len(footprint := place_of(result))
    ]
    if not located:
        return None
    lonlat = np.vstack(located)[:, :2]
    west, south = (lonlat.min(axis=0) - margin_deg).tolist()
    east, north = (lonlat.max(axis=0) + margin_deg).tolist()
    return Bounds(west, south, east, north)


def place_of(result: SiteResult) -> FloatArray:
    """Return points that say where a site lies, (N, 3) metres, scan frame.

    They are those of trench and pipes, else the corners of its points' extent.
    """
    footprint = footprint_of(result.survey)
    if len(footprint) > 0 or result.extent is None:
        return footprint
    (west, south, low), (east, north, high) = result.extent.tolist()
    return np.array([(x, y, z) for x in (west, east) for y in (south, north) for z in (low, high)])


def footprint_of(survey: Survey) -> FloatArray:
    """Return the vertices of trench and pipes, (N, 3) metres, scan frame.

    Trench outlines have no height of their own and are put at the ground, or at a pipe.
    """
    pipes = [pipe.centreline for pipe in survey.pipes]
    level_m = survey.ground_z_m
    if level_m is None:
        level_m = float(pipes[0][:, 2].mean()) if pipes else 0.0
    rings = [np.column_stack((ring[:, :2], np.full(len(ring), level_m))) for ring in survey.trench]
    return np.vstack([np.empty((0, 3)), *rings, *pipes])
