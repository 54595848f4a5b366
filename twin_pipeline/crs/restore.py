"""A georeference from what run.json says of it, so that a finished run can be used further."""

from collections.abc import Mapping
from typing import Any

from pyproj import CRS
from pyproj.exceptions import CRSError

from twin_pipeline.crs.compare import split
from twin_pipeline.crs.frames import LocalFrame, Plane, ProjectedFrame
from twin_pipeline.crs.georeference import Decision, Georeference
from twin_pipeline.crs.heights import HeightSystem, VerticalDatum
from twin_pipeline.errors import InputError


def restore(described: Mapping[str, Any]) -> Georeference:
    """Return the georeference whose `describe` gave `described`.

    Raises
    ------
    InputError
        When something is missing or can't be what `describe` gives.
    """
    try:
        return _restored(described)
    except (KeyError, TypeError, ValueError, CRSError) as error:
        raise InputError(
            f"the coordinate system is not as this version writes it ({error!r}); "
            "run the scans again"
        ) from error


def _restored(described: Mapping[str, Any]) -> Georeference:
    decisions = {
        name: Decision(made["value"], made["source"])
        for name, made in described.items()
        if isinstance(made, Mapping) and made.keys() == {"value", "source"}
    }
    return Georeference(
        frame=_local(described) if described["local"] else _projected(described),
        wkt=described["wkt"],
        horizontal_epsg=described["horizontal_epsg"],
        compound_epsg=described["compound_epsg"],
        declared_epsg=described["declared_epsg"],
        vertical_name=described["vertical_name"],
        decisions=decisions,
        middle=_triple(described["middle"]),
        warnings=tuple(described["warnings"]),
        height_doubt=described["height_doubt"],
    )


def _triple(values: Any) -> tuple[float, float, float]:  # noqa: ANN401 - out of JSON
    x, y, z = map(float, values)
    return x, y, z


def _local(described: Mapping[str, Any]) -> LocalFrame:
    origin = described["origin"]
    return LocalFrame((origin["lon_deg"], origin["lat_deg"], origin["height_m"]))


def _projected(described: Mapping[str, Any]) -> ProjectedFrame:
    horizontal, _ = split(CRS.from_wkt(described["wkt"]))
    geoid = described["geoid"]["value"]
    datum = VerticalDatum(
        key=described["vertical"]["value"],
        name=described["vertical_name"],
        epsg=None,
        above_geoid_m=described["elevation_above_geoid_m"] or 0.0,
        geoid=None,
        ellipsoidal=geoid is None,
    )
    return ProjectedFrame(Plane.of(horizontal), HeightSystem(datum, geoid))
