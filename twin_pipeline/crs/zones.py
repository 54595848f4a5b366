"""Zones that a scan's coordinates may belong to instead of the one it names."""

from collections.abc import Callable, Iterator
from functools import cache

from twin_pipeline.crs.frames import Plane

# JGD2011: the plane rectangular systems and UTM; WGS 84: the UTM zones of Japan.
_FAMILIES = (range(6669, 6693), range(32651, 32657))


def other_zones(
    plane: Plane, fits: Callable[[Plane], bool], *, anywhere: bool = False
) -> Iterator[Plane]:
    """Yield the zones that fit: those of the same family, or with `anywhere` of any."""
    own = plane.crs.to_epsg()
    for family in sorted(_FAMILIES, key=lambda codes: own not in codes):
        if anywhere or own in family:
            yield from (zone for zone in map(_zone, family) if zone.crs != plane.crs and fits(zone))


@cache
def _zone(code: int) -> Plane:
    return Plane.named(f"EPSG:{code}")
