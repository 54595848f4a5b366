"""WMS: what its capabilities say, and whether it gives a picture."""

from dataclasses import replace
from typing import Any

from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.layers.ask import UnreachableError, ask
from twin_pipeline.layers.place import require_near
from twin_pipeline.layers.record import Bounds
from twin_pipeline.layers.service import (
    MOST_DOCUMENT,
    NOT_ASKED,
    SERVICE_KEYS,
    Service,
    cors_note,
    said,
    text_at,
    with_parameters,
    without,
    xml_of,
)
from twin_pipeline.layers.tile_levels import is_image
from twin_pipeline.layers.wanted import Context


def wms(address: str, context: Context) -> Service:
    """Return what is known of a layer of a WMS.

    Raises
    ------
    InputError
        When it answers, but with something else.
    UsageError
        When it isn't said which of its layers is meant.
    """
    base, query = without(address, SERVICE_KEYS)
    wanted = context.wanted.layer or query.get("layers") or query.get("layer")
    if not context.wanted.ask:
        return _unasked_wms(base, wanted, address, "not asked")
    try:
        answer = ask(with_parameters(base, service="WMS", request="GetCapabilities"), MOST_DOCUMENT)
    except UnreachableError as error:
        return _unasked_wms(base, wanted, address, str(error))
    root = xml_of(answer, address, ("WMS_Capabilities", "WMT_MS_Capabilities"), "WMS")
    layers = {
        name: layer
        for layer in root.iter("{*}Layer")
        if (name := layer.findtext("{*}Name")) is not None
    }
    names = _chosen(wanted, list(layers), address)
    first = layers[names[0]]
    bounds = _wms_bounds(first) or context.sites.bounds(0.5)
    image = _image_format(root, address)
    if bounds is not None and _wms_bounds(first) is not None:
        require_near(bounds, context.sites, address, force=context.wanted.force)
    service = Service(
        "wms",
        base,
        "WMS",
        bounds=bounds,
        wms_layers=",".join(names),
        image_format=image,
        attribution=text_at(first, "{*}Attribution/{*}Title"),
        licence=_terms(root),
        title=text_at(first, "{*}Title"),
    )
    return _try_wms(service, context)


def _unasked_wms(base: str, wanted: str | None, address: str, reason: str) -> Service:
    if wanted is None:
        raise UsageError(f"{address}: {reason}, so which layer is meant must be said with --layer")
    note = NOT_ASKED.format(reason=reason)
    return Service(
        "wms", base, "WMS", wms_layers=wanted, image_format="image/png", notes=(note,)
    )  # fmt: skip


def _try_wms(service: Service, context: Context) -> Service:
    """Ask for a picture of the surroundings of the sites: many services only fail then."""
    around = context.sites.bounds(0.002)
    if around is None:
        return service
    address = with_parameters(
        service.url,
        service="WMS",
        version="1.1.1",
        request="GetMap",
        layers=service.wms_layers or "",
        styles="",
        srs="EPSG:4326",
        bbox=",".join(f"{side:.6f}" for side in around),
        width="256",
        height="256",
        format=service.image_format or "image/png",
        transparent="true",
    )
    try:
        answer = ask(address, MOST_DOCUMENT)
    except UnreachableError as error:
        return replace(service, notes=(NOT_ASKED.format(reason=error),))
    if not is_image(answer.body):
        raise InputError(f"{service.url}: gives no picture of its layer but {said(answer.body)}")
    return replace(service, notes=tuple(cors_note(answer, service.url)))


def _chosen(wanted: str | None, names: list[str], address: str) -> list[str]:
    if wanted is None:
        if len(names) == 1:
            return names
        shown = ", ".join(names[:20]) + (" ..." if len(names) > 20 else "")
        raise UsageError(f"{address}: has {len(names)} layers; give --layer with one of {shown}")
    chosen = wanted.split(",")
    for name in chosen:
        if name not in names:
            shown = ", ".join(names[:20]) + (" ..." if len(names) > 20 else "")
            raise InputError(f"{address}: has no layer {name!r}; it has {shown}")
    return chosen


def _wms_bounds(layer: Any) -> Bounds | None:  # noqa: ANN401
    while layer is not None:
        box = layer.find("{*}EX_GeographicBoundingBox")
        if box is not None:
            names = ("west", "south", "east", "north")
            kinds = ("Longitude", "Latitude", "Longitude", "Latitude")
            texts = [
                box.findtext(f"{{*}}{n}Bound{k}") for n, k in zip(names, kinds, strict=True)
            ]  # fmt: skip
            return _four(texts)
        box = layer.find("{*}LatLonBoundingBox")
        if box is not None:
            return _four([box.get(name) for name in ("minx", "miny", "maxx", "maxy")])
        layer = layer.getparent()
    return None


def _four(texts: list[str | None]) -> Bounds | None:
    try:
        west, south, east, north = (float(text or "") for text in texts)
    except ValueError:
        return None
    return west, south, east, north


def _image_format(root: Any, address: str) -> str:  # noqa: ANN401
    found = [str(f.text).strip() for f in root.iterfind(".//{*}GetMap/{*}Format")]
    for name in ("image/png", "image/png8", "image/jpeg"):
        if name in found:
            return name
    raise InputError(f"{address}: gives no PNG or JPEG pictures, only {', '.join(found) or 'none'}")


def _terms(root: Any) -> str | None:  # noqa: ANN401
    """Return what a service says of its use; "none" and the like say nothing."""
    said = [text_at(root, f"{{*}}Service/{{*}}{name}") for name in ("AccessConstraints", "Fees")]
    kept = [text for text in said if text and text.lower() not in ("none", "unknown", "-")]
    return "; ".join(kept)[:500] or None
