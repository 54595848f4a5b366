"""catalog.json: the run as a TerriaJS 8 initialization file."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.extent import Bounds, geographic_bounds
from twin_pipeline.export.files import write_text
from twin_pipeline.export.rows import clean_text

MARGIN_DEG = 0.0003
"""Some 30 m, so that the camera shows the street round the trench."""

_HIGHLIGHT = "#0b63c5"


@dataclass(frozen=True, slots=True)
class TilesetLink:
    """A tileset that the catalogue offers."""

    url: str
    """Relative to the output folder, with forward slashes."""
    name_ja: str
    name_en: str


ROOT_TILESET = TilesetLink(
    "tiles/tileset.json", "点群と管路（3D Tiles）", "Point cloud and pipes (3D Tiles)"
)


def write_catalog(
    results: Sequence[SiteResult],
    path: Path,
    tilesets: Sequence[TilesetLink] = (ROOT_TILESET,),
    base_url: str = "",
) -> Path:
    """Write the catalogue of a run.

    Parameters
    ----------
    results
        The sites, for names and extent.
    path
        The file to write.
    tilesets
        What to offer as `3d-tiles` members, in this order.
    base_url
        Put before each relative URL. Terria resolves URLs against its own page, so a catalogue
        that is served from elsewhere needs it; "" where Terria and the data share a folder.
    """
    bounds = geographic_bounds(results, MARGIN_DEG)
    members = [_tileset_member(link, results, bounds, base_url) for link in tilesets]
    members.append(_pipes_member(results, bounds, base_url))
    group = {
        "type": "group",
        "id": _member_id(results, "group"),
        "name": "水道管路 三次元計測 / Surveyed water pipes",
        "description": _description(results),
        "isOpen": True,
        "members": members,
    }
    document: dict[str, Any] = {"catalog": [group], "viewerMode": "3dSmooth"}
    if bounds is not None:
        document["homeCamera"] = _rectangle(bounds)
    document["workbench"] = [member["id"] for member in members]
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)
    return write_text(path, text + "\n")


def _tileset_member(
    link: TilesetLink, results: Sequence[SiteResult], bounds: Bounds | None, base_url: str
) -> dict[str, Any]:
    member: dict[str, Any] = {
        "type": "3d-tiles",
        "id": _member_id(results, link.url),
        "name": f"{link.name_ja} / {link.name_en}",
        "url": base_url + link.url,
        "options": {"maximumScreenSpaceError": 16},
    }
    return _placed(member, bounds)


def _pipes_member(
    results: Sequence[SiteResult], bounds: Bounds | None, base_url: str
) -> dict[str, Any]:
    member: dict[str, Any] = {
        "type": "geojson",
        "id": _member_id(results, "pipes.geojson"),
        "name": "管路中心線 / Pipe centrelines",
        "url": f"{base_url}pipes.geojson",
        # Buried lines: at their own height, which Terria draws only as Cesium primitives.
        "clampToGround": False,
        "forceCesiumPrimitives": True,
        "style": {"stroke": _HIGHLIGHT, "stroke-width": 4},
    }
    return _placed(member, bounds)


def _placed(member: dict[str, Any], bounds: Bounds | None) -> dict[str, Any]:
    return member if bounds is None else member | {"rectangle": _rectangle(bounds)}


def _rectangle(bounds: Bounds) -> dict[str, float]:
    return {name.removesuffix("_deg"): round(v, 9) for name, v in asdict(bounds).items()}


def _description(results: Sequence[SiteResult]) -> str:
    """Return plain text: Terria renders descriptions as Markdown and HTML, so no site names."""
    pipes = sum(len(result.survey.pipes) for result in results)
    return f"現場 {len(results)}、管路 {pipes} / {len(results)} sites, {pipes} pipes"


def _member_id(results: Sequence[SiteResult], part: str) -> str:
    """Return an id that two runs' catalogues in one Terria don't share."""
    sites = "\n".join(clean_text(result.survey.site) for result in results)
    return f"twin-pipeline/{hashlib.sha256(sites.encode()).hexdigest()[:12]}/{part}"
