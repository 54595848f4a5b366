"""catalog.json and catalog.tokyo.json: the run as TerriaJS 8 initialization files.

The second adds `customProperties`, which the fork behind Tokyo's 3D viewer reads. Of many sites
each leads to files in `catalog`, which Terria loads only when somebody opens their group.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.catalog_members import (
    MARGIN_DEG,
    CatalogOptions,
    Member,
    Members,
    pipes_of,
    rectangle,
)
from twin_pipeline.export.extent import geographic_bounds
from twin_pipeline.export.files import write_text

PLAIN, TOKYO = "catalog.json", "catalog.tokyo.json"
PARTS = "catalog"
"""The folder of the parts of a catalogue of many sites."""
MOST_SITES = 40
"""So many sites stand in one catalogue, or in one part of it: more are no longer read."""
_OPENED = 8
"""Up to so many sites are shown with their points: more would load for minutes."""


def write_catalogs(
    results: Sequence[SiteResult], out: Path, options: CatalogOptions
) -> tuple[Path, ...]:
    """Write both catalogues into an output folder, each after the parts that it leads to."""
    written: list[Path] = []
    for name in (PLAIN, TOKYO):
        members = Members(results, options, for_tokyo=name == TOKYO)
        parts = list(_parts(results, members, name))
        for path, document in parts:
            (out / path).parent.mkdir(exist_ok=True)
            written.append(_write(document, out / path))
        references = [_reference(path, document, members) for path, document in parts]
        whole = _whole(results, members, references)
        written.append(_write(whole, out / name))
    return tuple(written)


def _whole(
    results: Sequence[SiteResult], members: Members, references: Sequence[Member]
) -> dict[str, Any]:
    """Return the catalogue of all sites; `references` stand for the sites where there are many."""
    above = list(members.of_all_sites())
    if references and not above:
        above = [members.all_tiles()]
    sites = [] if references else [list(members.of_site(result)) for result in results]
    if len(results) == 1:
        shown = [member for member in sites[0] if "/uncertainty/" not in member["id"]]
    else:
        shown = [*above, *(site[-1] for site in sites if len(sites) <= _OPENED)]
    items = [*above, *(member for site in sites for member in site), *references]
    group = {
        "type": "group",
        "id": members.id_of("group"),
        "name": _name(results),
        "description": _description(results),
        "isOpen": True,
        "members": [*items, *members.centrelines()],
    }
    return _document(group, results) | {"workbench": [member["id"] for member in shown]}


def _parts(
    results: Sequence[SiteResult], members: Members, name: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield path and content of each part of a catalogue of many sites."""
    if len(results) <= MOST_SITES:
        return
    suffix = name.removeprefix("catalog")
    for number, start in enumerate(range(0, len(results), MOST_SITES), 1):
        part = results[start : start + MOST_SITES]
        first, last = (members.name_of(result) for result in (part[0], part[-1]))
        span = f"{start + 1}–{start + len(part)}"
        between = "" if first.isdecimal() and last.isdecimal() else f" ({first} … {last})"
        group = {
            "type": "group",
            "id": members.id_of(f"sites-{number}"),
            "name": f"現場 {span}{between} / Sites {span}{between}",
            "description": _description(part),
            "members": [_site_group(result, members) for result in part],
        }
        yield f"{PARTS}/sites-{number}{suffix}", _document(group, part)


def _site_group(result: SiteResult, members: Members) -> Member:
    return {
        "type": "group",
        "id": members.id_of(f"site/{quote(result.survey.site)}"),
        "name": members.name_of(result),
        "description": _description([result]),
        "members": list(members.of_site(result)),
    }


def _reference(path: str, document: dict[str, Any], members: Members) -> Member:
    (group,) = document["catalog"]
    return {
        "type": "terria-reference",
        "id": members.id_of(path),
        "name": group["name"],
        "description": group["description"],
        "url": members.url_of(path),
        "isGroup": True,
        "path": [group["id"]],
    }


def _document(group: Member, results: Sequence[SiteResult]) -> dict[str, Any]:
    document: dict[str, Any] = {"catalog": [group], "viewerMode": "3dSmooth"}
    bounds = geographic_bounds(results, MARGIN_DEG)
    if bounds is not None:
        document["homeCamera"] = rectangle(bounds)
        document["initialCamera"] = rectangle(bounds)
    return document


def _name(results: Sequence[SiteResult]) -> str:
    if not pipes_of(results):
        return "三次元計測点群 / Scanned points"
    return "水道管路 三次元計測 / Surveyed water pipes"


def _description(results: Sequence[SiteResult]) -> str:
    """Return plain text: Terria renders descriptions as Markdown and HTML, so no site names."""
    pipes = len(pipes_of(results))
    return f"現場 {len(results)}、管路 {pipes} / {len(results)} sites, {pipes} pipes"


def _write(document: dict[str, Any], path: Path) -> Path:
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)
    return write_text(path, text + "\n")
