"""Which levels of map tiles there are round the sites, found out by asking for some."""

import math

from twin_pipeline.errors import InputError
from twin_pipeline.layers.ask import ask
from twin_pipeline.layers.wanted import Context

_USUAL = 15
_DEEPEST = 22
_MOST_BYTES = 10 << 20
_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF")


def is_image(body: bytes) -> bool:
    """Return whether an answer is a picture that browsers show."""
    return body.startswith(_IMAGES)


def tile_at(lon_deg: float, lat_deg: float, level: int) -> tuple[int, int]:
    """Return column and row of the tile with a place, on the web map (OGC WebMercatorQuad)."""
    count = 2**level
    lat = math.radians(lat_deg)
    column = int((lon_deg + 180.0) / 360.0 * count)
    row = int((1.0 - math.asinh(math.tan(lat)) / math.pi) / 2.0 * count)
    return min(max(column, 0), count - 1), min(max(row, 0), count - 1)


def levels_around(
    url: str, subdomains: tuple[str, ...], context: Context, given: tuple[int, int] | None
) -> tuple[int, int]:
    """Return the first and last level that have a tile at a site.

    Raises
    ------
    UnreachableError
        When nobody answers.
    InputError
        When no level has a picture there.
    """
    lon, lat = context.sites.places[0]
    refused: list[str] = []

    def has(level: int) -> bool:
        address = _address(url, subdomains, lon, lat, level)
        try:
            answer = ask(address, _MOST_BYTES)
        except InputError as error:
            refused.append(str(error))
            return False
        if not is_image(answer.body):
            refused.append(f"{address}: is no picture ({answer.media_type})")
            return False
        return True

    order = [given[1]] if given else [_USUAL, 12, 17, 9, 6, 3, 0]
    found = next((level for level in order if has(level)), None)
    if found is None:
        raise InputError(
            f"{url}: has no picture at the sites: {refused[0]}; check the address, give the levels "
            "there are with --levels 5-18, or --no-ask to add it unchecked"
        )
    if given:
        return given
    first = last = found
    while last < _DEEPEST and has(last + 1):
        last += 1
    while first > 0 and has(first - 1):
        first -= 1
    return first, last


def _address(
    url: str, subdomains: tuple[str, ...], lon: float, lat: float, level: int
) -> str:  # fmt: skip
    column, row = tile_at(lon, lat, level)
    parts = {
        "{s}": subdomains[0] if subdomains else "",
        "{z}": str(level),
        "{x}": str(column),
        "{y}": str(row),
        "{reverseY}": str(2**level - 1 - row),
    }
    for name, value in parts.items():
        url = url.replace(name, value)
    return url
