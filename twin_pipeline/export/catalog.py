"""catalog.json and catalog.tokyo.json: the run as TerriaJS 8 initialization files.

The second adds `customProperties`, which the fork behind Tokyo's 3D viewer reads.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from twin_pipeline.export.attributes import PIPES, Field, FieldKind, SiteResult
from twin_pipeline.export.extent import Bounds, geographic_bounds
from twin_pipeline.export.files import write_text
from twin_pipeline.export.rows import clean_text
from twin_pipeline.export.tile_styles import Entry, by_cover, by_size, style_of
from twin_pipeline.model import Pipe

MARGIN_DEG = 0.0003
"""Some 30 m, so that the camera shows the street round the trench."""
MOST_SITES = 40
"""Up to so many sites have items of their own; beyond, a catalogue is no longer read."""

Member = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CatalogOptions:
    """What a catalogue depends on beside the sites."""

    cover_limits_m: Sequence[float] = (0.6, 1.2)
    base_url: str = ""
    """Put before each relative URL. Terria resolves URLs against its own page, so a catalogue that
    is served from elsewhere needs it; "" where Terria and the data share a folder."""


def write_catalogs(
    results: Sequence[SiteResult], out: Path, options: CatalogOptions
) -> tuple[Path, Path]:
    """Write catalog.json and catalog.tokyo.json into an output folder."""
    plain = _document(results, options, for_tokyo=False)
    tokyo = _document(results, options, for_tokyo=True)
    return _write(plain, out / "catalog.json"), _write(tokyo, out / "catalog.tokyo.json")


def site_url(layer: str, site: str) -> str:
    """Return where the tileset of one layer of a site lies, relative to the output folder."""
    return f"tiles/{layer}/{quote(site)}/tileset.json"


def _document(
    results: Sequence[SiteResult], options: CatalogOptions, *, for_tokyo: bool
) -> dict[str, Any]:
    bounds = geographic_bounds(results, MARGIN_DEG)
    members = list(_members(results, options, for_tokyo=for_tokyo))
    group = {
        "type": "group",
        "id": _member_id(results, "group"),
        "name": _name(results),
        "description": _description(results),
        "isOpen": True,
        "members": members,
    }
    document: dict[str, Any] = {"catalog": [group], "viewerMode": "3dSmooth"}
    if bounds is not None:
        document["homeCamera"] = _rectangle(bounds)
        document["initialCamera"] = _rectangle(bounds)
    shown = ("tiles/pipes/", "tiles/points/", "tiles/tileset.json")
    document["workbench"] = [
        member["id"]
        for member in members
        if member["url"].removeprefix(options.base_url).startswith(shown)
    ]
    return document


def _members(
    results: Sequence[SiteResult], options: CatalogOptions, *, for_tokyo: bool
) -> Iterable[Member]:
    if len(results) <= MOST_SITES:
        for result in results:
            if result.survey.pipes:
                yield _pipe_tiles(results, result, options, for_tokyo=for_tokyo)
                yield _shell_tiles(results, result, options)
            yield _point_tiles(results, result, options)
    else:
        yield _all_tiles(results, options)
    if _pipes(results):
        yield _centrelines(results, options)


def _pipe_tiles(
    results: Sequence[SiteResult], result: SiteResult, options: CatalogOptions, *, for_tokyo: bool
) -> Member:
    pipes = result.survey.pipes
    sizes = by_size(pipes)
    member = _tiles(results, result, options, "pipes", "管路", "Pipes")
    member |= {
        "description": "計測した外径の管路（3D Tiles 1.1）。土被りは仕上がり地盤から管頂まで。 / "
        "Pipes with their measured outer diameter. Cover is from finished ground to crown.",
        "style": style_of(sizes),
        "colorBlendMode": "REPLACE",
        "featureIdProperties": ["site", "pipe_id"],
        "filters": list(_filters(pipes)),
        "featureInfoTemplate": _feature_info(),
        "legends": [
            _legend("呼び径 / Nominal diameter", sizes),
            _legend("土被り / Cover (style_cover.json)", by_cover(options.cover_limits_m)),
        ],
        "options": {"maximumScreenSpaceError": 16},
    }
    bounds = geographic_bounds([result], MARGIN_DEG)
    if for_tokyo:
        member["customProperties"] = _tokyo(result, options, bounds)
    return _placed(member, bounds)


def _shell_tiles(
    results: Sequence[SiteResult], result: SiteResult, options: CatalogOptions
) -> Member:
    member = _tiles(results, result, options, "uncertainty", "位置の不確かさ", "Uncertainty")
    member |= {
        "description": "管の表面が約95%の確率で収まる範囲。 / "
        "What holds the pipe's surface with about 95 % probability.",
        "featureInfoTemplate": _feature_info(),
        "options": {"maximumScreenSpaceError": 16},
    }
    return _placed(member, geographic_bounds([result], MARGIN_DEG))


def _point_tiles(
    results: Sequence[SiteResult], result: SiteResult, options: CatalogOptions
) -> Member:
    member = _tiles(results, result, options, "points", "点群", "Point cloud")
    member |= {
        "description": "掘削面の計測点群（RGB、反射強度、分類）。 / "
        "Scanned points with colour, intensity and class.",
        "options": {
            "maximumScreenSpaceError": 16,
            "pointCloudShading": {"attenuation": True, "geometricErrorScale": 0.15},
        },
    }
    return _placed(member, geographic_bounds([result], MARGIN_DEG))


def _tiles(
    results: Sequence[SiteResult],
    result: SiteResult,
    options: CatalogOptions,
    kind: str,
    ja: str,
    en: str,
) -> Member:
    """Return what the members of one site's tiles have in common."""
    url, of = site_url(kind, result.survey.site), _of(results, result)
    return {
        "type": "3d-tiles",
        "id": _member_id(results, url),
        "name": f"{ja}{of} / {en}{of}",
        "url": options.base_url + url,
    }


def _all_tiles(results: Sequence[SiteResult], options: CatalogOptions) -> Member:
    member: Member = {
        "type": "3d-tiles",
        "id": _member_id(results, "tiles/tileset.json"),
        "name": "点群と管路（全現場） / Point clouds and pipes of all sites",
        "description": "全現場の点群と管路（3D Tiles 1.1）。 / Points and pipes of all sites.",
        "url": f"{options.base_url}tiles/tileset.json",
        "featureInfoTemplate": _feature_info(),
        "options": {"maximumScreenSpaceError": 16},
    }
    return _placed(member, geographic_bounds(results, MARGIN_DEG))


def _centrelines(results: Sequence[SiteResult], options: CatalogOptions) -> Member:
    entries = by_size(_pipes(results))
    member: Member = {
        "type": "geojson",
        "id": _member_id(results, "pipes.geojson"),
        "name": "管路中心線 / Pipe centrelines",
        "description": "管路の中心線（WGS 84、楕円体高）と属性。 / "
        "Centrelines with ellipsoidal heights, and all attributes.",
        "url": f"{options.base_url}pipes.geojson",
        # Buried lines: at their own height, which Terria draws only as Cesium primitives.
        "clampToGround": False,
        "forceCesiumPrimitives": True,
        "style": {"stroke": "#0b63c5", "stroke-width": 4},
        "perPropertyStyles": [
            {
                "properties": {"nominal_diameter_mm": _size_of(entry)},
                "style": {"stroke": entry.colour, "stroke-width": 4},
            }
            for entry in entries[:-1]
        ],
        "featureInfoTemplate": _feature_info(),
        "legends": [_legend("呼び径 / Nominal diameter", entries)],
    }
    return _placed(member, geographic_bounds(results, MARGIN_DEG))


def _filters(pipes: Sequence[Pipe]) -> Iterable[dict[str, Any]]:
    """Yield sliders; a pipe without a value would be hidden by one, so all must have it."""
    wanted: tuple[tuple[str, str, Callable[[Pipe], float | None]], ...] = (
        ("最小土被り / Least cover (m)", "cover_min_m", lambda pipe: pipe.cover_min_m),
        ("外径 / Outer diameter (m)", "outer_diameter_m", lambda pipe: pipe.outer_diameter_m),
    )
    for name, prop, value_of in wanted:
        values = [value for pipe in pipes if (value := value_of(pipe)) is not None]
        if values and len(values) == len(pipes):
            lower = math.floor(min(values) * 10.0) / 10.0
            upper = math.ceil(max(values) * 10.0) / 10.0
            yield {
                "name": name,
                "property": prop,
                "minimumValue": lower,
                "maximumValue": upper,
                "minimumShown": lower,
                "maximumShown": upper,
            }


def _feature_info() -> dict[str, Any]:
    """Return a Mustache template; its double braces escape what comes from data."""
    rows = "".join(_row(spec) for spec in PIPES.fields)
    return {
        "name": "{{pipe_id}}",
        "template": f"<table>{rows}</table>",
        "formats": {
            spec.name: {"maximumFractionDigits": 4}
            for spec in PIPES.fields
            if spec.kind is FieldKind.REAL
        },
    }


def _row(spec: Field) -> str:
    unit = f" {spec.unit}" if spec.unit not in ("", "1") else ""
    english = spec.name.removesuffix("_m").removesuffix("_mm").removesuffix("_deg")
    label = f"{spec.alias_ja} / {english.replace('_', ' ')}"
    return (
        f"{{{{#{spec.name}}}}}<tr><td>{label}</td>"
        f"<td>{{{{{spec.name}}}}}{unit}</td></tr>{{{{/{spec.name}}}}}"
    )


def _legend(title: str, entries: Sequence[Entry]) -> dict[str, Any]:
    return {"title": title, "items": [{"title": e.name, "color": e.colour} for e in entries]}


def _tokyo(result: SiteResult, options: CatalogOptions, bounds: Bounds | None) -> dict[str, Any]:
    """Return what only Tokyo's fork reads: other tilesets to switch to, and where to fly to."""
    urls = {"管路": "pipes", "点群": "points"}
    own: dict[str, Any] = {
        "switchableUrls": [
            {"name": name, "url": options.base_url + site_url(layer, result.survey.site)}
            for name, layer in urls.items()
        ]
    }
    if bounds is not None:
        own["initialCamera"] = _rectangle(bounds)
    return own


def _of(results: Sequence[SiteResult], result: SiteResult) -> str:
    """Return a number to tell sites apart: Terria takes names for Markdown and HTML."""
    return "" if len(results) == 1 else f" {results.index(result) + 1}"


def _pipes(results: Sequence[SiteResult]) -> list[Pipe]:
    return [pipe for result in results for pipe in result.survey.pipes]


def _size_of(entry: Entry) -> int:
    return int(entry.condition.rpartition(" ")[2])


def _placed(member: Member, bounds: Bounds | None) -> Member:
    return member if bounds is None else member | {"rectangle": _rectangle(bounds)}


def _rectangle(bounds: Bounds) -> dict[str, float]:
    return {name.removesuffix("_deg"): round(v, 9) for name, v in asdict(bounds).items()}


def _name(results: Sequence[SiteResult]) -> str:
    if not _pipes(results):
        return "三次元計測点群 / Scanned points"
    return "水道管路 三次元計測 / Surveyed water pipes"


def _description(results: Sequence[SiteResult]) -> str:
    """Return plain text: Terria renders descriptions as Markdown and HTML, so no site names."""
    pipes = len(_pipes(results))
    return f"現場 {len(results)}、管路 {pipes} / {len(results)} sites, {pipes} pipes"


def _member_id(results: Sequence[SiteResult], part: str) -> str:
    """Return an id that two runs' catalogues in one Terria don't share."""
    sites = "\n".join(clean_text(result.survey.site) for result in results)
    return f"twin-pipeline/{hashlib.sha256(sites.encode()).hexdigest()[:12]}/{part}"


def _write(document: dict[str, Any], path: Path) -> Path:
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)
    return write_text(path, text + "\n")
