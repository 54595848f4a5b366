"""Puts a publication together: pieces that never change, and the index files that lead to them."""

import datetime as dt
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from twin_pipeline.errors import TwinPipelineError
from twin_pipeline.export.csv_tables import write_csv_tables
from twin_pipeline.export.further import write_format
from twin_pipeline.export.geojson import write_geojson
from twin_pipeline.export.names import EXPORT, MANIFEST
from twin_pipeline.export.tile_styles import write_styles
from twin_pipeline.export.viewer_data import NAME as VIEWER_DATA
from twin_pipeline.export.viewer_data import write_viewer_data
from twin_pipeline.export.withheld import Withheld
from twin_pipeline.export.write import write_attributes
from twin_pipeline.layers.record import Layer
from twin_pipeline.publication import ckan, dcat, stac
from twin_pipeline.publication.describe import site_told, survey_dates
from twin_pipeline.publication.licences import licence_of
from twin_pipeline.publication.options import PublishOptions
from twin_pipeline.publication.told import SiteTold, Told
from twin_pipeline.publishing.assets import file_assets, tile_assets
from twin_pipeline.publishing.catalogues import catalogues
from twin_pipeline.publishing.context import context_layers, from_anywhere, from_view, write_layers
from twin_pipeline.publishing.pieces import Piece
from twin_pipeline.publishing.policy import Policy
from twin_pipeline.publishing.reduce import reduce_details, reduce_index, withheld_of
from twin_pipeline.publishing.site import ReadySite
from twin_pipeline.publishing.sources import Runs
from twin_pipeline.publishing.tilesets import tileset_files
from twin_pipeline.publishing.view_data import PAGE, page, viewer_piece, write_view
from twin_pipeline.report.page import write_report
from twin_pipeline.tiles.reader import read_json

REDUCIBLE = (
    "gpkg",
    "geojson",
    "csv",
    "shapefile",
    "shapefile-cp932",
    "flatgeobuf",
    "geoparquet",
    "kml",
    "kmz",
)
"""Formats that write the schema's tables and can leave some of it out."""

Pieces = dict[tuple[str, str], Piece]
"""By kind (a layer of tiles, site, all, view, viewer) and site."""


@dataclass(frozen=True, slots=True, eq=False)
class Assembled:
    """All that is to be put in place."""

    pieces: Pieces
    indices: Mapping[str, bytes]
    """Files with lasting names, each after those that it leads to."""
    told: Told


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """What the user wants published, and how."""

    options: PublishOptions
    base_url: str
    """Ends with a slash."""
    clip: bool
    policy: Policy


def assemble(
    runs: Runs,
    sites: Sequence[ReadySite],
    wanted: Wanted,
    folder: Path,
    warn: Callable[[str], None],
) -> Assembled:
    """Write what is not there yet into `folder`, and return everything by its place.

    Raises
    ------
    InputError
        When a file of the run is missing or can't be read.
    OutputError
        When the viewer has not been built, or the folder can't be written.
    """
    withheld = withheld_of(wanted.policy)
    shown = _shown(runs, sites)
    pieces = _tile_pieces(sites)
    index = _write_details(sites, shown, withheld, folder / "details")
    for site in sites:
        pieces["site", site.name] = _site_piece(site, withheld, len(sites), folder / "details")
    pieces["all", ""] = _whole_piece(shown, sites, wanted, folder / "all", warn)
    index["report"] = _report_path(pieces["all", ""])
    write_view(sites, reduce_index(index, withheld), pieces, folder / "view")
    layers = context_layers(runs.outs, pieces, warn)
    write_layers(from_view(layers), folder / "view")
    pieces["view", ""] = _piece_of(folder / "view")
    pieces["viewer", ""] = viewer_piece()
    told = _told(shown, sites, pieces, wanted)
    indices = _indices(shown, sites, pieces, told, withheld, layers, folder)
    return Assembled(pieces, indices, told)


def _shown(runs: Runs, sites: Sequence[ReadySite]) -> Runs:
    """Return the runs with the sites as they are published."""
    changed = tuple(replace(site.source, result=site.result) for site in sites)
    return replace(runs, sites=changed)


def _tile_pieces(sites: Sequence[ReadySite]) -> Pieces:
    return {
        (layer, site.name): Piece.of(
            "data",
            {f"{layer}/{site.name}/{name}": path for name, path in tileset_files(tileset).items()},
        )
        for site in sites
        for layer, tileset in site.tilesets.items()
    }


def _write_details(
    sites: Sequence[ReadySite], shown: Runs, withheld: Withheld, folder: Path
) -> dict[str, Any]:
    """Write the details of each site, and return what viewer.json is to hold."""
    folder.mkdir()
    meshes = {id(site.result.survey): site.mesh for site in sites}
    write_viewer_data(
        shown.results,
        folder,
        shown.cover_limits_m,
        lambda survey: meshes[id(survey)](survey),
    )
    for site in sites:
        path = folder / "sites" / site.name / VIEWER_DATA
        reduced = reduce_details(read_json(path), withheld)
        path.write_text(json.dumps(reduced, ensure_ascii=False) + "\n", encoding="utf-8")
    return read_json(folder / VIEWER_DATA)


def _site_piece(site: ReadySite, withheld: Withheld, count: int, details: Path) -> Piece:
    """Return the files of one site; tables of its own only where there are several sites."""
    place = details / "sites" / site.name
    if count > 1:
        write_geojson((site.result,), place / "pipes.geojson", withheld)
        write_csv_tables((site.result,), place, withheld)
    if "stations" in withheld.layers:
        (place / VIEWER_DATA).unlink()
    return _piece_of(place, f"sites/{site.name}/")


def _whole_piece(
    shown: Runs,
    sites: Sequence[ReadySite],
    wanted: Wanted,
    folder: Path,
    warn: Callable[[str], None],
) -> Piece:
    """Return the files that hold all sites."""
    folder.mkdir()
    withheld = withheld_of(wanted.policy)
    write_attributes(shown.results, folder, withheld)
    pipes = [pipe for result in shown.results for pipe in result.survey.pipes]
    write_styles(pipes, shown.cover_limits_m, folder)
    if withheld:
        warn("the report shows every attribute, so it is left out")
    else:
        write_report(_drawable(sites, clip=wanted.clip), shown.facts(), folder / "report.html")
    _write_further(shown, wanted, folder / EXPORT, warn)
    return _piece_of(folder)


def _drawable(sites: Sequence[ReadySite], *, clip: bool) -> list[Any]:
    """Return what the report draws; of a clipped site no line that leads out of the trench."""
    results = [site.result for site in sites]
    if clip:
        return [replace(result, boundary=None, design=()) for result in results]
    return results


def _write_further(shown: Runs, wanted: Wanted, folder: Path, warn: Callable[[str], None]) -> None:
    """Copy what `export` wrote, or write it anew where it would hold more than is published."""
    withheld = withheld_of(wanted.policy)
    copied = len(shown.outs) == 1 and not wanted.clip and not withheld
    done = set()
    for out in shown.outs:
        for manifest in sorted((out / EXPORT).glob(f"*/{MANIFEST}")):
            name = str(read_json(manifest).get("format"))
            place = folder / manifest.parent.name
            if manifest.parent.name in done:
                continue
            done.add(manifest.parent.name)
            if copied:
                shutil.copytree(manifest.parent, place)
                (place / MANIFEST).unlink()
                continue
            _write_anew(name, shown, withheld, place, warn)


def _write_anew(
    name: str, shown: Runs, withheld: Withheld, place: Path, warn: Callable[[str], None]
) -> None:
    if name == "profile" or (withheld and name not in REDUCIBLE):
        warn(f"export/{place.name} can't be written without what is kept back: it is left out")
        return
    options = shown.sites[0].config.export
    try:
        write_format(name, shown.results, place, options, warn, withheld=withheld)
    except (TwinPipelineError, KeyError) as error:
        warn(f"export/{place.name} is left out: {error}")
        return
    (place / MANIFEST).unlink()


def _report_path(whole: Piece) -> str | None:
    return f"../../{whole.path('report.html')}" if "report.html" in whole.files else None


def _piece_of(folder: Path, prefix: str = "") -> Piece:
    files = {
        prefix + path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file()
    }
    return Piece.of("data", files)


def _told(shown: Runs, sites: Sequence[ReadySite], pieces: Pieces, wanted: Wanted) -> Told:
    options = wanted.options
    updated = dt.datetime.fromisoformat(shown.finished_at)
    dates = survey_dates(options)
    shared = tuple(file_assets(pieces["all", ""]))
    return Told(
        options=options,
        licence=licence_of(options),
        base_url=wanted.base_url,
        version=str(shown.records[0]["version"]),
        updated=updated,
        sites=tuple(_site_told(site, pieces, wanted, dates, updated) for site in sites),
        assets=shared,
        clipped=wanted.clip,
        withheld=wanted.policy.summary(),
    )


def _site_told(
    site: ReadySite,
    pieces: Pieces,
    wanted: Wanted,
    dates: Mapping[str, dt.date],
    updated: dt.datetime,
) -> SiteTold:
    layers = {layer: pieces[layer, site.name] for layer in site.tilesets}
    names = {layer: f"{layer}/{site.name}/tileset.json" for layer in layers}
    assets = (*tile_assets(layers, names), *file_assets(pieces["site", site.name]))
    points = site.tilesets.get("points")
    return site_told(
        site.result,
        options=wanted.options,
        dates=dates,
        finished=updated,
        points=None if points is None else read_json(points),
        clipped=wanted.clip,
        withheld=wanted.policy.withheld.get("pipes", frozenset()),
        assets=assets,
    )


def _indices(
    shown: Runs,
    sites: Sequence[ReadySite],
    pieces: Pieces,
    told: Told,
    withheld: Withheld,
    layers: Sequence[Layer],
    folder: Path,
) -> dict[str, bytes]:
    place = folder / "catalogues"
    place.mkdir()
    return {
        **stac.stac_documents(told),
        ckan.NAME: ckan.ckan_document(told),
        dcat.NAME: dcat.dcat_document(told),
        **catalogues(
            sites,
            pieces,
            told.base_url,
            shown.cover_limits_m,
            withheld,
            from_anywhere(layers, told.base_url),
            place,
        ),
        PAGE: page(pieces["viewer", ""], pieces["view", ""], told.title),
    }
