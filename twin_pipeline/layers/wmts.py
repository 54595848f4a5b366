"""WMTS capabilities: where the tiles of a layer are on the web map."""

import re
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.layers.ask import UnreachableError, ask
from twin_pipeline.layers.map_tiles import with_levels
from twin_pipeline.layers.service import (
    MOST_DOCUMENT,
    SERVICE_KEYS,
    Service,
    with_parameters,
    without,
    xml_of,
)
from twin_pipeline.layers.wanted import Context

_SCALE_0 = 559_082_264.0287178
"""Scale denominator of level 0 of OGC's WebMercatorQuad (OGC 17-083r2, D.1)."""


def wmts(address: str, context: Context) -> Service:
    """Return what is known of a layer of a WMTS: it becomes an address of map tiles.

    Raises
    ------
    InputError
        When it answers, but with something else.
    UsageError
        When it isn't said which of its layers is meant.
    """
    template = _template_of(address)
    if template is not None:
        return with_levels(Service("wmts", template, "WMTS"), context)
    base, query = without(address, SERVICE_KEYS)
    wanted = context.wanted.layer or query.get("layer")
    if not context.wanted.ask:
        raise UsageError(
            f"{address}: the addresses of its tiles are only known from its capabilities; leave "
            "--no-ask out, or give them with {z}, {y} and {x} as --kind xyz"
        )
    path = urlsplit(address).path.lower()
    capabilities = address if path.endswith(".xml") else with_parameters(
        base, service="WMTS", request="GetCapabilities"
    )  # fmt: skip
    try:
        answer = ask(capabilities, MOST_DOCUMENT)
    except UnreachableError as error:
        raise InputError(
            f"{address}: could not be asked for its capabilities ({error}), without which the "
            "addresses of its tiles are unknown"
        ) from error
    root = xml_of(answer, address, ("Capabilities",), "WMTS")
    return with_levels(_service(root, base, wanted, address), context)


def _template_of(address: str) -> str | None:
    """Return the address of a tile, as WMTS writes it, with {z}, {y} and {x}."""
    names = {"TileMatrix": "{z}", "TileRow": "{y}", "TileCol": "{x}"}
    found = address
    for name, short in names.items():
        found = re.sub(rf"\{{{name}\}}", short, found, flags=re.IGNORECASE)
    return found if all(short in found for short in names.values()) else None


def _service(root: Any, base: str, wanted: str | None, address: str) -> Service:  # noqa: ANN401
    """Return the layer of a WMTS as map tiles.

    Parameters
    ----------
    root
        Its capabilities.
    base
        Its address without parameters.
    wanted
        Name of the layer; may be None where there is only one.
    address
        What errors call it.

    Raises
    ------
    InputError
        When it has no such layer, or none on the web map.
    UsageError
        When it has several and none is named.
    """
    layers = {
        str(layer.findtext("{*}Identifier")): layer
        for layer in root.iterfind("{*}Contents/{*}Layer")
    }
    shown = ", ".join(list(layers)[:20])
    if wanted is None and len(layers) != 1:
        raise UsageError(f"{address}: has {len(layers)} layers; give --layer with one of {shown}")
    name = wanted or next(iter(layers))
    if name not in layers:
        raise InputError(f"{address}: has no layer {name!r}; it has {shown}")
    layer = layers[name]
    found = _web_map(root, layer)
    if found is None:
        raise InputError(
            f"{address}: layer {name!r} is not on the web map (EPSG:3857), which viewers need; ask "
            "its owner for XYZ or WMS"
        )
    matrix_set, prefix, levels = found
    url, image = _template(root, layer, name, (matrix_set, prefix), base, address)
    return Service(
        "wmts",
        url,
        "WMTS",
        min_level=min(levels),
        max_level=max(levels),
        image_format=image,
        bounds=_bounds(layer),
        title=_text(layer, "{*}Title"),
        attribution=_text(root, "{*}ServiceProvider/{*}ProviderName"),
        licence=_text(root, "{*}ServiceIdentification/{*}AccessConstraints"),
    )


def _web_map(root: Any, layer: Any) -> tuple[str, str, list[int]] | None:  # noqa: ANN401
    """Return a set of matrices like the web map's, the begin of its names, and its levels."""
    named = {str(link.text) for link in layer.iterfind("{*}TileMatrixSetLink/{*}TileMatrixSet")}
    for matrices in root.iterfind("{*}Contents/{*}TileMatrixSet"):
        identifier = str(matrices.findtext("{*}Identifier"))
        crs = str(matrices.findtext("{*}SupportedCRS"))
        if identifier not in named or not re.search(r"(3857|900913|102100)$", crs):
            continue
        found = [_level(matrix) for matrix in matrices.iterfind("{*}TileMatrix")]
        levels = [level for level in found if level is not None]
        prefixes = {prefix for _, prefix in levels}
        if len(levels) == len(found) and len(prefixes) == 1:
            return identifier, prefixes.pop(), [number for number, _ in levels]
    return None


def _level(matrix: Any) -> tuple[int, str] | None:  # noqa: ANN401
    """Return the level of a matrix and what stands before it in the name, if they agree."""
    named = re.fullmatch(r"(.*?)(0|[1-9]\d?)", str(matrix.findtext("{*}Identifier")))
    try:
        scale = float(matrix.findtext("{*}ScaleDenominator"))
    except (TypeError, ValueError):
        return None
    if named is None:
        return None
    level = int(named[2])
    agrees = abs(scale * 2**level / _SCALE_0 - 1) < 1e-3
    return (level, named[1]) if agrees else None


def _address_of_tiles(root: Any, address: str) -> str | None:  # noqa: ANN401
    """Return where a service says that it is to be asked for tiles."""
    path = "{*}OperationsMetadata/{*}Operation[@name='GetTile']//{*}Get"
    found = root.find(path)
    href = None if found is None else found.get("{http://www.w3.org/1999/xlink}href")
    if href is None:
        return None
    url = urljoin(address, str(href)).rstrip("?&")
    _require_same_host(url, address)
    return url


def _template(
    root: Any,  # noqa: ANN401
    layer: Any,  # noqa: ANN401
    name: str,
    matrices: tuple[str, str],
    base: str,
    address: str,
) -> tuple[str, str | None]:
    """Return the address of a layer's tiles, and their format.

    `matrices` is the name of the set, and what stands before the levels in the names of matrices.
    """
    matrix_set, prefix = matrices
    style = str(layer.findtext("{*}Style/{*}Identifier") or "default")
    resources = [r for r in layer.iterfind("{*}ResourceURL") if r.get("resourceType") == "tile"]
    if resources:
        resource = next((r for r in resources if r.get("format") == "image/png"), resources[0])
        url = str(resource.get("template"))
        parts = {"Style": style, "TileMatrixSet": matrix_set, "TileMatrix": f"{prefix}{{z}}",
                 "TileRow": "{y}", "TileCol": "{x}"}  # fmt: skip
        for key, value in parts.items():
            url = re.sub(rf"\{{{key}\}}", value, url, flags=re.IGNORECASE)
        for dimension in layer.iterfind("{*}Dimension"):
            key = str(dimension.findtext("{*}Identifier"))
            value = str(dimension.findtext("{*}Default") or dimension.findtext("{*}Value"))
            url = re.sub(rf"\{{{re.escape(key)}\}}", value, url, flags=re.IGNORECASE)
        _require_same_host(url, address)
        return url, resource.get("format")
    formats = [str(f.text) for f in layer.iterfind("{*}Format")]
    image = next((f for f in ("image/png", "image/jpeg") if f in formats), None)
    if image is None:
        raise InputError(f"{address}: gives no PNG or JPEG tiles, only {', '.join(formats)}")
    query = urlencode(
        {
            "service": "WMTS",
            "version": "1.0.0",
            "request": "GetTile",
            "layer": name,
            "style": style,
            "tilematrixset": matrix_set,
            "format": image,
        }
    )
    base = _address_of_tiles(root, address) or base
    tile = f"tilematrix={prefix}{{z}}&tilerow={{y}}&tilecol={{x}}"
    return f"{base}{'&' if '?' in base else '?'}{query}&{tile}", image


def _require_same_host(url: str, address: str) -> None:
    here, there = urlsplit(address), urlsplit(url)
    if here.netloc != there.netloc:
        raise InputError(
            f"{address}: has its tiles at {there.scheme}://{there.netloc}, which nobody has named; "
            f"give {url[:160]} itself if that is meant"
        )


def _bounds(layer: Any) -> tuple[float, float, float, float] | None:  # noqa: ANN401
    lower = layer.findtext("{*}WGS84BoundingBox/{*}LowerCorner")
    upper = layer.findtext("{*}WGS84BoundingBox/{*}UpperCorner")
    try:
        west, south = (float(part) for part in str(lower).split())
        east, north = (float(part) for part in str(upper).split())
    except ValueError:
        return None
    return west, south, east, north


def _text(node: Any, path: str) -> str | None:  # noqa: ANN401
    text = node.findtext(path)
    found = " ".join(text.split()) if text else ""
    return None if found.lower() in ("", "none") else found[:500]
