"""The layers in catalog.json, catalog.tokyo.json and reearth.json.

What somebody else wrote into these files stays; only our own group is replaced.
"""

import json
import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from twin_pipeline.export.files import write_text
from twin_pipeline.layers.record import Layer
from twin_pipeline.layers.times import time_label

GROUP_ID = "twin-pipeline/layers"
"""Of the group in Terria's catalogues; the viewer takes it as the word that there are layers."""
_TERRIA = ("catalog.json", "catalog.tokyo.json")
_REEARTH = "reearth.json"
_REEARTH_MARK = "twin-pipeline/layers/"
_REEARTH_KINDS = {
    "geojson": "geojson",
    "czml": "czml",
    "xyz": "tiles",
    "wmts": "tiles",
    "wms": "wms",
    "3d-tiles": "3dtiles",
}
_TERRIA_KINDS = {"xyz": "url-template-imagery", "wmts": "url-template-imagery"}

Member = dict[str, Any]


def show_layers(layers: Sequence[Layer], out: Path) -> None:
    """Write the layers into the catalogues of an output folder, in the place of those before."""
    base = _base_url(out)
    for name in _TERRIA:
        path = out / name
        content = _read(path)
        # `tile` writes no catalogues; the first is made for its viewer.
        if content is None and (name != _TERRIA[0] or not layers):
            continue
        document = content if isinstance(content, dict) else {"catalog": []}
        changed = _with_group(document, layers, base)
        if not any(changed.values()):
            path.unlink()
        else:
            _write(path, changed)
    path = out / _REEARTH
    content = _read(path)
    if isinstance(content, list):
        others = [item for item in content if not _is_ours(item)]
        _write(path, [*others, *(item for layer in layers for item in _reearth(layer, base))])


def absolute(layer: Layer, url: str, base: str) -> str:
    """Return an address of a layer as catalogues have it."""
    return url if layer.folder is None else base + quote(url, safe="/{}")


def _with_group(document: Member, layers: Sequence[Layer], base: str) -> Member:
    members = document.get("catalog")
    kept = [m for m in members if not _is_group(m)] if isinstance(members, list) else []
    opened = document.get("workbench")
    workbench = [
        name
        for name in (opened if isinstance(opened, list) else [])
        if not str(name).startswith(f"{GROUP_ID}/")
    ]
    if layers:
        group: Member = {
            "type": "group",
            "id": GROUP_ID,
            "name": "追加レイヤ / Further layers",
            "isOpen": True,
            "members": [_terria(layer, base) for layer in layers],
        }
        kept.append(group)
        workbench += [_first_id(layer) for layer in layers if layer.shown]
    # Without layers the document is as it was before there were any.
    has_workbench = "workbench" in document or bool(workbench)
    return document | {"catalog": kept} | ({"workbench": workbench} if has_workbench else {})


def _first_id(layer: Layer) -> str:
    """Return the id of what is shown first: groups can't be opened."""
    first = f"/{layer.frames[0].time}" if len(layer.frames) > 1 else ""
    return f"{GROUP_ID}/{layer.id}{first}"


def _terria(layer: Layer, base: str) -> Member:
    if len(layer.frames) > 1:
        # Terria knows no dates of map tiles: one item a date.
        parts = [
            _item(layer, base, frame.url, f"/{frame.time}")
            | {"name": f"{layer.title} {time_label(frame.time)}"}
            for frame in layer.frames
        ]
        group = {"type": "group", "id": f"{GROUP_ID}/{layer.id}", "name": layer.title}
        return group | {"members": parts}
    return _item(layer, base, layer.url, "")


def _item(layer: Layer, base: str, url: str, suffix: str) -> Member:
    item: Member = {
        "type": _TERRIA_KINDS.get(layer.kind, layer.kind),
        "id": f"{GROUP_ID}/{layer.id}{suffix}",
        "name": layer.title,
        "url": _terria_url(absolute(layer, url, base)),
        "opacity": layer.opacity,
    }
    if layer.kind in {"czml", "3d-tiles", "geojson"}:
        item.pop("opacity")
    if layer.kind == "3d-tiles" and layer.opacity < 1:
        item["style"] = {"color": f"color('white', {layer.opacity:.2f})"}
    if layer.kind == "geojson":
        item["clampToGround"] = layer.on_ground
        if not layer.on_ground:
            item["forceCesiumPrimitives"] = True
        item["featureInfoTemplate"] = {"template": _feature_template(layer.columns)}
    if layer.wms_layers is not None:
        item["layers"] = layer.wms_layers
        item["parameters"] = {"format": layer.image_format, "transparent": True}
    item |= _optional(layer)
    return item


def _feature_template(columns: Sequence[str]) -> str:
    """Return a Mustache template; its double braces escape what comes from data."""
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{{{{{name}}}}}</td></tr>"
        for name in columns
        if _NAMEABLE.fullmatch(name)
    )
    return f"<table>{rows}</table>"


_NAMEABLE = re.compile(r"\w[\w ()（）・%/℃㎡-]*")
"""Names of columns that mean nothing else in a template."""


def _optional(layer: Layer) -> Member:
    found: Member = {}
    if layer.attribution is not None:
        found["attribution"] = escape(layer.attribution)
    if layer.licence is not None:
        content = _plain_markdown(layer.licence)
        found["info"] = [{"name": "利用条件 / Licence", "content": content}]
    if layer.legend is not None:
        items = [{"title": item.title, "color": item.colour} for item in layer.legend.items]
        found["legends"] = [{"title": layer.legend.title, "items": items}]
    if layer.bounds is not None:
        found["rectangle"] = dict(zip(_SIDES, layer.bounds, strict=True))
    if layer.min_level is not None:
        found["minimumLevel"] = layer.min_level
    if layer.max_level is not None:
        found["maximumLevel"] = layer.max_level
    if layer.subdomains:
        found["subdomains"] = list(layer.subdomains)
    return found


_SIDES = ("west", "south", "east", "north")


def _reearth(layer: Layer, base: str) -> Iterator[Member]:
    frames = [(f.url, f" {time_label(f.time)}") for f in layer.frames] or [(layer.url, "")]
    for number, (url, suffix) in enumerate(frames):
        kind = _REEARTH_KINDS[layer.kind]
        data: Member = {"type": kind, "url": absolute(layer, url, base)}
        if layer.wms_layers is not None:
            data["layers"] = layer.wms_layers.split(",")
        item: Member = {
            "type": "simple",
            "id": f"{_REEARTH_MARK}{layer.id}" + (f"/{number}" if suffix else ""),
            "title": f"{layer.title}{suffix}",
            "visible": layer.shown and number == 0,
            "data": data,
        }
        yield item | _reearth_look(layer, kind)


def _reearth_look(layer: Layer, kind: str) -> Member:
    if kind in {"tiles", "wms"}:
        raster: Member = {"show": True, "alpha": layer.opacity}
        if layer.min_level is not None:
            raster["minimumLevel"] = layer.min_level
        if layer.max_level is not None:
            raster["maximumLevel"] = layer.max_level
        return {"raster": raster}
    if kind == "3dtiles":
        return {"3dtiles": {"show": True}}
    if kind == "geojson":
        colour = layer.colour or "#ff6bd6"
        ground = "clamp" if layer.on_ground else "none"
        on_ground = layer.on_ground
        return {
            "marker": {"style": "point", "pointColor": colour, "heightReference": ground},
            "polyline": {"strokeColor": colour, "clampToGround": on_ground},
            "polygon": {"fillColor": f"{colour}59", "heightReference": ground},
        }
    return {}


def _terria_url(url: str) -> str:
    return url.replace("{-y}", "{reverseY}")


def _plain_markdown(text: str) -> str:
    """Return a text so that Terria, which takes it for Markdown and HTML, shows it as it is."""
    escaped = escape(text)
    return "".join(f"\\{letter}" if letter in "*_`[]#" else letter for letter in escaped)


def _is_group(member: object) -> bool:
    return isinstance(member, dict) and member.get("id") == GROUP_ID


def _is_ours(item: object) -> bool:
    return isinstance(item, dict) and str(item.get("id", "")).startswith(_REEARTH_MARK)


def _base_url(out: Path) -> str:
    record = _read(out / "run.json")
    view = record.get("config", {}).get("view") if isinstance(record, dict) else None
    public = view.get("public_url") if isinstance(view, dict) else None
    return f"{public.rstrip('/')}/" if isinstance(public, str) else ""


def _read(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _write(path: Path, content: object) -> None:
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=2)
    write_text(path, text + "\n")
