"""The viewer of a publication: its own files, the data that it opens with, and its page."""

import html
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from twin_pipeline.errors import OutputError
from twin_pipeline.export.files import write_text
from twin_pipeline.publication.told import Text
from twin_pipeline.publishing.pieces import Piece
from twin_pipeline.publishing.site import ReadySite
from twin_pipeline.publishing.tilesets import redirect
from twin_pipeline.tiles import write_root
from twin_pipeline.view.server import STATIC_FOLDER

PAGE = "index.html"
_FROM_VIEW = "../.."
"""From data/HASH, where the viewer's data lies, to the publication."""


def viewer_piece() -> Piece:
    """Return the viewer's own files but for its page.

    Raises
    ------
    OutputError
        When it has not been built.
    """
    if not (STATIC_FOLDER / PAGE).is_file():
        raise OutputError(
            f"{STATIC_FOLDER}: the viewer has not been built; call `make viewer` in the checkout "
            "(needs Node.js 20 or newer), or install a released wheel, which contains it"
        )
    files = {
        path.relative_to(STATIC_FOLDER).as_posix(): path
        for path in STATIC_FOLDER.rglob("*")
        if path.is_file() and path != STATIC_FOLDER / PAGE
    }
    return Piece.of("viewer", files)


def page(viewer: Piece, view: Piece, title: Text) -> bytes:
    """Return index.html: the one file that says which viewer shows which data.

    Everything else it loads never changes, so that a reader has all of one version or all of
    another.
    """
    text = (STATIC_FOLDER / PAGE).read_text(encoding="utf-8")
    source = f'<html data-source="{_FROM_VIEW}/{view.folder}/"'
    text = text.replace("<html", source, 1)
    text = text.replace("<head>", f'<head>\n    <base href="{viewer.folder}/" />', 1)
    named = f"<title>{html.escape(title.both)}</title>"
    return re.sub("<title>.*?</title>", lambda _: named, text, count=1).encode()


def write_view(
    sites: Sequence[ReadySite],
    index: dict[str, Any],
    pieces: Mapping[tuple[str, str], Piece],
    folder: Path,
) -> None:
    """Write what the viewer opens with into a folder.

    Parameters
    ----------
    sites
        What is published.
    index
        viewer.json as a run has it.
    pieces
        By kind (a layer of tiles, or `site`) and site.
    folder
        Where to write.
    """
    shown = [site.name for site in sites if site.tilesets]
    if shown:
        _write_tiles(sites, shown, pieces, folder / "tiles")
    for site, told in zip(sites, index["sites"], strict=True):
        if told["details"] is not None:
            held = pieces["site", site.name].folder
            told["details"] = f"{_FROM_VIEW}/{held}/{told['details']}"
    text = json.dumps(index, ensure_ascii=False, allow_nan=False)
    write_text(folder / "viewer.json", text + "\n")
    # the viewer looks there for layers of others
    write_text(folder / "catalog.json", json.dumps({"catalog": []}) + "\n")


def _write_tiles(
    sites: Sequence[ReadySite],
    shown: Sequence[str],
    pieces: Mapping[tuple[str, str], Piece],
    tiles: Path,
) -> None:
    """Write the root tileset, which the tilesets of the sites have to be beside for a moment."""
    places = {}
    for site in sites:
        for layer, tileset in site.tilesets.items():
            beside = tiles / layer / site.name
            beside.mkdir(parents=True)
            shutil.copyfile(tileset, beside / "tileset.json")
            there = pieces[layer, site.name].path(f"{layer}/{site.name}/tileset.json")
            places[quote(f"{layer}/{site.name}/tileset.json")] = f"{_FROM_VIEW}/../{there}"
    write_root(tiles, shown)
    for layer in {layer for site in sites for layer in site.tilesets}:
        shutil.rmtree(tiles / layer)
    redirect(tiles, places)
