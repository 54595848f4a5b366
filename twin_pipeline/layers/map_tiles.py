"""Map tiles at an address: `{z}/{x}/{y}`."""

from dataclasses import replace

from twin_pipeline.errors import UsageError
from twin_pipeline.layers.ask import UnreachableError
from twin_pipeline.layers.service import NOT_ASKED, Service
from twin_pipeline.layers.tile_levels import levels_around
from twin_pipeline.layers.wanted import Context

SUBDOMAINS = ("a", "b", "c")
"""What `{s}` usually stands for."""


def map_tiles(address: str, context: Context) -> Service:
    """Return what is known of map tiles at an address with {z}, {x} and {y} in it.

    Raises
    ------
    InputError
        When it answers, but with something else.
    UsageError
        When it isn't said which of its layers is meant.
    """
    address = address.replace("{-y}", "{reverseY}").replace("{reversey}", "{reverseY}")
    if not all(part in address for part in ("{z}", "{x}")):
        raise UsageError(f"{address[:100]}: map tiles need {{z}}, {{x}} and {{y}} in the address")
    subdomains = SUBDOMAINS if "{s}" in address else ()
    service = Service("xyz", address, "XYZ", subdomains=subdomains, image_format=None)
    return with_levels(service, context)


def _whole(low: int | None, high: int | None) -> tuple[int, int] | None:
    return None if low is None or high is None else (low, high)


def with_levels(service: Service, context: Context) -> Service:
    """Return map tiles with the levels that there are round the sites."""
    bounds = service.bounds or context.sites.bounds(margin_deg=0.5)
    stated = (service.min_level, service.max_level)
    levels = context.wanted.levels or _whole(*stated)
    notes = list(service.notes)
    if context.wanted.ask and context.sites.places:
        try:
            found = levels_around(service.url, service.subdomains, context, levels)
            levels = levels or found
        except UnreachableError as error:
            notes.append(NOT_ASKED.format(reason=error))
    elif levels is None:
        notes.append("not asked, so its levels are unknown; --levels 5-18 tells them")
    low, high = levels or (None, None)
    return replace(
        service, bounds=bounds, min_level=low, max_level=high, notes=tuple(notes)
    )  # fmt: skip
