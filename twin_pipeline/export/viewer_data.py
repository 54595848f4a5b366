"""viewer.json and sites/NAME/viewer.json: what the viewer needs beside the tiles.

The first has all pipes with few vertices, so that thousands of them load at once; the others have
what is only asked for when one looks at a site: stations, fittings, ground, its coordinates.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from twin_pipeline.export.attributes import PIPES, STATIONS, SiteResult
from twin_pipeline.export.extent import place_of, site_centre
from twin_pipeline.export.files import write_text
from twin_pipeline.export.ground_mesh import GroundMesh, ground_mesh
from twin_pipeline.export.japanese import in_japanese
from twin_pipeline.export.local_frame import LocalFrame, fit_frame
from twin_pipeline.export.rows import clean_text, fittings_table, pipes_table, stations_table
from twin_pipeline.model import FloatArray, Survey

MeshOf = Callable[[Survey], GroundMesh | None]
"""Gives the ground that is shown of a site."""

FORMAT = 1
NAME = "viewer.json"
REASON_JA = "quality_reason_ja"
"""Beside the fields of the layer `pipes`."""
_LONLAT_DECIMALS = 9
_HEIGHT_DECIMALS = 4
_STRAIGHT_M = 0.003
"""A vertex this near to the line between its neighbours is left out of the overview."""


def write_viewer_data(
    results: Sequence[SiteResult],
    out: Path,
    cover_limits_m: Sequence[float],
    mesh_of: MeshOf = ground_mesh,
) -> Path:
    """Write the viewer's files into an output folder; returns the path of viewer.json."""
    for result in results:
        folder = out / "sites" / result.survey.site
        folder.mkdir(parents=True, exist_ok=True)
        write_site_details(result, folder, mesh_of)
    return write_viewer_index(results, out, cover_limits_m)


def write_viewer_index(
    results: Sequence[SiteResult], out: Path, cover_limits_m: Sequence[float]
) -> Path:
    """Write the file that names all sites and pipes; returns its path."""
    index = {
        "format": FORMAT,
        "cover_limits_m": list(cover_limits_m),
        "sites": [_site(result) for result in results],
        "pipes": [pipe for result in results for pipe in _pipes(result)],
    }
    return _write(index, out / NAME)


def write_site_details(result: SiteResult, folder: Path, mesh_of: MeshOf = ground_mesh) -> None:
    """Write one site's file into its folder."""
    _write(site_details(result, mesh_of), folder / NAME)


def site_details(result: SiteResult, mesh_of: MeshOf = ground_mesh) -> dict[str, Any]:
    """Return one site's stations, fittings, ground and coordinate frame, JSON-ready."""
    described = result.georeference.describe()
    footprint = place_of(result)
    mesh = mesh_of(result.survey)
    return {
        "format": FORMAT,
        "site": clean_text(result.survey.site),
        "crs": {
            "name": _value(described.get("crs")),
            "vertical": _value(described.get("vertical")),
            "vertical_name": clean_text(result.georeference.vertical_name),
            "geoid": _value(described.get("geoid")),
            "local": result.georeference.is_local,
        },
        "frame": _frame(result, footprint),
        "ground": None if mesh is None else _ground(result, mesh),
        "trench": [_trench(result, ring) for ring in result.survey.trench],
        "stations": _stations(result),
        "fittings": _fittings(result),
    }


def _site(result: SiteResult) -> dict[str, Any]:
    centre = site_centre(result)
    return {
        "name": clean_text(result.survey.site),
        "lon_deg": None if centre is None else round(centre.lon_deg, _LONLAT_DECIMALS),
        "lat_deg": None if centre is None else round(centre.lat_deg, _LONLAT_DECIMALS),
        "ground_height_m": None if centre is None else centre.ground_ellipsoidal_height_m,
        "details": f"sites/{result.survey.site}/{NAME}",
    }


def _pipes(result: SiteResult) -> list[dict[str, Any]]:
    """Return the attributes unrounded: a number rounded twice may show a wrong last digit."""
    table = pipes_table([result])
    names = [spec.name for spec in PIPES.fields]
    return [
        _reasoned(dict(zip(names, row, strict=True)))
        | {"line": _positions(result, _simplified(line))}
        for row, line in zip(table.rows, table.shapes, strict=True)
    ]


def _reasoned(pipe: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes with the reason of the quality in Japanese, where that is known."""
    reason = in_japanese(pipe["quality_reason"] or "")
    return pipe if reason is None else {**pipe, REASON_JA: reason}


def _simplified(line: FloatArray) -> FloatArray:
    """Return the vertices of a (K, 3) line that its shape needs, in three dimensions."""
    start, length = 0, len(line)
    kept = [0]
    while start < length - 1:
        end = _farthest_straight(line, start)
        kept.append(end)
        start = end
    return line[kept]


def _farthest_straight(line: FloatArray, start: int) -> int:
    """Return the last vertex up to which the line keeps to its chord; doubling, then halving."""
    good, step = start + 1, 2
    while good + step < len(line) and _is_straight(line[start : good + step + 1]):
        good, step = good + step, 2 * step
    while step > 0:
        if good + step < len(line) and _is_straight(line[start : good + step + 1]):
            good += step
        step //= 2
    return good


def _is_straight(part: FloatArray) -> bool:
    chord = part[-1] - part[0]
    length = float(np.linalg.norm(chord))
    if length == 0.0:
        return False
    away = np.cross(part[1:-1] - part[0], chord / length)
    return bool((np.linalg.norm(away, axis=1) < _STRAIGHT_M).all())


def _frame(result: SiteResult, footprint: FloatArray) -> dict[str, Any] | None:
    if len(footprint) == 0:
        return None
    frame: LocalFrame = fit_frame(result.georeference, footprint.min(axis=0), footprint.max(axis=0))
    return {
        "origin": frame.origin.tolist(),
        "easting": frame.coefficients[0].tolist(),
        "northing": frame.coefficients[1].tolist(),
        "elevation": frame.coefficients[2].tolist(),
        "max_error_m": round(frame.max_error_m, 6),
    }


def _ground(result: SiteResult, mesh: GroundMesh) -> dict[str, Any]:
    return {
        "positions": np.ravel(_positions(result, mesh.vertices)).tolist(),
        "pavement": mesh.triangles[~mesh.over_trench].ravel().tolist(),
        "over_trench": mesh.triangles[mesh.over_trench].ravel().tolist(),
    }


def _trench(result: SiteResult, ring: FloatArray) -> list[list[float]]:
    level_m = result.survey.ground_z_m or 0.0
    outline = shapely.get_coordinates(shapely.LinearRing(ring[:, :2]).simplify(0.02))
    placed = _positions(result, np.column_stack((outline, np.full(len(outline), level_m))))
    return [position[:2] for position in placed[:-1]]


def _stations(result: SiteResult) -> dict[str, list[Any]]:
    """Return one list a field, and `lon_deg`, `lat_deg`, `height_m` of the centreline."""
    table = stations_table([result])
    columns = {
        spec.name: [row[i] for row in table.rows]
        for i, spec in enumerate(STATIONS.fields)
        if spec.name != "site"
    }
    return columns | _columns_of(result, table.shapes)


def _fittings(result: SiteResult) -> list[dict[str, Any]]:
    table = fittings_table([result])
    names = [spec.name for spec in table.layer.fields]
    places = _positions(result, np.reshape(table.shapes, (-1, 3)))
    return [
        {**dict(zip(names, row, strict=True)), "position": place}
        for row, place in zip(table.rows, places, strict=True)
    ]


def _columns_of(result: SiteResult, shapes: Sequence[FloatArray]) -> dict[str, list[float]]:
    places = _positions(result, np.reshape(shapes, (-1, 3)))
    return {
        name: [place[i] for place in places]
        for i, name in enumerate(("lon_deg", "lat_deg", "height_m"))
    }


def _positions(result: SiteResult, xyz: FloatArray) -> list[list[float]]:
    """Return longitude (deg), latitude (deg), ellipsoidal height (m) of (N, 3) points."""
    if len(xyz) == 0:
        return []
    return [
        [round(lon, _LONLAT_DECIMALS), round(lat, _LONLAT_DECIMALS), round(h, _HEIGHT_DECIMALS)]
        for lon, lat, h in result.georeference.to_geographic(xyz).tolist()
    ]


def _value(stated: Any) -> str | None:  # noqa: ANN401 - as the georeference describes itself
    value = stated.get("value") if isinstance(stated, dict) else stated
    return None if value is None else clean_text(value)


def _write(content: dict[str, Any], path: Path) -> Path:
    return write_text(path, json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n")
