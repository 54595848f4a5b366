"""The items of a Terria catalogue: tiles and centrelines with style, filters, legend and place."""

import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

from twin_pipeline.export.attributes import PIPES, Field, FieldKind, SiteResult
from twin_pipeline.export.extent import Bounds, geographic_bounds
from twin_pipeline.export.rows import clean_text
from twin_pipeline.export.tile_styles import Entry, by_cover, by_size, style_of
from twin_pipeline.model import Pipe

MARGIN_DEG = 0.0003
"""Some 30 m, so that the camera shows the street round the trench."""
ALL_PIPES = "tiles/pipes.json"
"""The tileset above the pipes of all sites, where there are several."""
_PLAIN = re.compile(r"\w[\w .・()（）-]{0,79}")
"""Names of sites that mean nothing else to Terria, which takes names for Markdown and HTML."""
_FILTERS = (
    ("最小土被り / Least cover (m)", "cover_min_m"),
    ("外径 / Outer diameter (m)", "outer_diameter_m"),
)

Member = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CatalogOptions:
    """What a catalogue depends on beside the sites."""

    cover_limits_m: Sequence[float] = (0.6, 1.2)
    base_url: str = ""
    """Put before each relative URL. Terria resolves URLs against its own page, so a catalogue that
    is served from elsewhere needs it; "" where Terria and the data share a folder."""


class Members:
    """Makes the items of one run's catalogue."""

    def __init__(
        self, results: Sequence[SiteResult], options: CatalogOptions, *, for_tokyo: bool
    ) -> None:
        """`for_tokyo` adds what only the fork behind Tokyo's 3D viewer reads."""
        self._results = results
        self._options = options
        self._for_tokyo = for_tokyo
        sites = "\n".join(clean_text(result.survey.site) for result in results)
        # Two runs' catalogues in one Terria share no id.
        self._prefix = f"twin-pipeline/{hashlib.sha256(sites.encode()).hexdigest()[:12]}"
        self._numbers = {result.survey.site: n for n, result in enumerate(results, 1)}

    def id_of(self, part: str) -> str:
        """Return the id of a part of this run's catalogue."""
        return f"{self._prefix}/{part}"

    def url_of(self, path: str) -> str:
        """Return the address of a file of the output folder."""
        return self._options.base_url + path

    def name_of(self, result: SiteResult) -> str:
        """Return what a site is called; its number where its name would not stay plain text."""
        site = result.survey.site
        return site if _PLAIN.fullmatch(site) else str(self._numbers[site])

    def of_site(self, result: SiteResult) -> Iterable[Member]:
        """Yield the tiles of one site."""
        if result.survey.pipes:
            yield self._pipe_tiles(result)
            yield self._shell_tiles(result)
        yield self._point_tiles(result)

    def of_all_sites(self) -> Iterable[Member]:
        """Yield the pipes of several sites as one item, to be styled and filtered together."""
        pipes = pipes_of(self._results)
        if pipes and len(self._results) > 1:
            member = {
                "type": "3d-tiles",
                "id": self.id_of(ALL_PIPES),
                "name": "全現場の管路 / Pipes of all sites",
                "url": self.url_of(ALL_PIPES),
            }
            yield placed(member | self._pipe_look(pipes), self._results)

    def centrelines(self) -> Iterable[Member]:
        """Yield the centrelines of all pipes, where there are any."""
        pipes = pipes_of(self._results)
        if not pipes:
            return
        entries = by_size(pipes)
        member: Member = {
            "type": "geojson",
            "id": self.id_of("pipes.geojson"),
            "name": "管路中心線 / Pipe centrelines",
            "description": "管路の中心線（WGS 84、楕円体高）と属性。 / "
            "Centrelines with ellipsoidal heights, and all attributes.",
            "url": self.url_of("pipes.geojson"),
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
        yield placed(member, self._results)

    def all_tiles(self) -> Member:
        """Return the tiles of all sites as one item."""
        url = "tiles/tileset.json"
        member: Member = {
            "type": "3d-tiles",
            "id": self.id_of(url),
            "name": "全現場の点群 / Point clouds of all sites",
            "description": "全現場の点群（3D Tiles 1.1）。 / Points of all sites.",
            "url": self.url_of(url),
            "options": {"maximumScreenSpaceError": 16},
        }
        return placed(member, self._results)

    def _pipe_tiles(self, result: SiteResult) -> Member:
        member = self._tiles(result, "pipes", "管路", "Pipes")
        member |= self._pipe_look(result.survey.pipes)
        if self._for_tokyo:
            member["customProperties"] = self._tokyo(result)
        return placed(member, [result])

    def _pipe_look(self, pipes: Sequence[Pipe]) -> Member:
        sizes = by_size(pipes)
        return {
            "description": "計測した外径の管路（3D Tiles 1.1）。"
            "土被りは仕上がり地盤から管頂まで。 / "
            "Pipes with their measured outer diameter. Cover is from finished ground to crown.",
            "style": style_of(sizes),
            "colorBlendMode": "REPLACE",
            "featureIdProperties": ["site", "pipe_id"],
            "filters": list(_filters(pipes)),
            "featureInfoTemplate": _feature_info(),
            "legends": [
                _legend("呼び径 / Nominal diameter", sizes),
                _legend(
                    "土被り / Cover (style_cover.json)", by_cover(self._options.cover_limits_m)
                ),
            ],
            "options": {"maximumScreenSpaceError": 16},
        }

    def _shell_tiles(self, result: SiteResult) -> Member:
        member = self._tiles(result, "uncertainty", "位置の不確かさ", "Uncertainty")
        member |= {
            "description": "管の表面が約95%の確率で収まる範囲。 / "
            "What holds the pipe's surface with about 95 % probability.",
            "featureInfoTemplate": _feature_info(),
            "options": {"maximumScreenSpaceError": 16},
        }
        return placed(member, [result])

    def _point_tiles(self, result: SiteResult) -> Member:
        member = self._tiles(result, "points", "点群", "Point cloud")
        member |= {
            "description": "掘削面の計測点群（RGB、反射強度、分類）。 / "
            "Scanned points with colour, intensity and class.",
            "options": {
                "maximumScreenSpaceError": 16,
                "pointCloudShading": {"attenuation": True, "geometricErrorScale": 0.15},
            },
        }
        return placed(member, [result])

    def _tiles(self, result: SiteResult, kind: str, ja: str, en: str) -> Member:
        """Return what the items of one site's tiles have in common."""
        url = site_url(kind, result.survey.site)
        of = "" if len(self._results) == 1 else f" {self.name_of(result)}"
        return {
            "type": "3d-tiles",
            "id": self.id_of(url),
            "name": f"{ja}{of} / {en}{of}",
            "url": self.url_of(url),
        }

    def _tokyo(self, result: SiteResult) -> Member:
        """Return what only Tokyo's fork reads: other tilesets to switch to, where to fly to."""
        urls = {"管路": "pipes", "点群": "points"}
        own: Member = {
            "switchableUrls": [
                {"name": name, "url": self.url_of(site_url(layer, result.survey.site))}
                for name, layer in urls.items()
            ]
        }
        bounds = geographic_bounds([result], MARGIN_DEG)
        return own if bounds is None else own | {"initialCamera": rectangle(bounds)}


def site_url(layer: str, site: str) -> str:
    """Return where the tileset of one layer of a site lies, relative to the output folder."""
    return f"tiles/{layer}/{quote(site)}/tileset.json"


def pipes_of(results: Sequence[SiteResult]) -> list[Pipe]:
    """Return the pipes of all sites."""
    return [pipe for result in results for pipe in result.survey.pipes]


def placed(member: Member, results: Sequence[SiteResult]) -> Member:
    """Return a member with the rectangle round its sites, where they lie anywhere."""
    bounds = geographic_bounds(results, MARGIN_DEG)
    return member if bounds is None else member | {"rectangle": rectangle(bounds)}


def rectangle(bounds: Bounds) -> dict[str, float]:
    """Return bounds as Terria has them."""
    return {name.removesuffix("_deg"): round(v, 9) for name, v in asdict(bounds).items()}


def _filters(pipes: Sequence[Pipe]) -> Iterable[Member]:
    """Yield sliders; Terria asks for a value, which a pipe may lack, only once one is moved."""
    for name, prop in _FILTERS:
        values = [value for pipe in pipes if (value := getattr(pipe, prop)) is not None]
        if values:
            lower = math.floor(min(values) * 10.0) / 10.0
            upper = max(math.ceil(max(values) * 10.0) / 10.0, round(lower + 0.1, 1))
            yield {
                "name": name,
                "property": prop,
                "minimumValue": lower,
                "maximumValue": upper,
                "minimumShown": lower,
                "maximumShown": upper,
            }


def _feature_info() -> Member:
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


def _legend(title: str, entries: Sequence[Entry]) -> Member:
    return {"title": title, "items": [{"title": e.name, "color": e.colour} for e in entries]}


def _size_of(entry: Entry) -> int:
    return int(entry.condition.rpartition(" ")[2])
