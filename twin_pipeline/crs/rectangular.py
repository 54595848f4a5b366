"""Japan's plane rectangular systems (JGD2011) with heights above T.P., by zone."""

from dataclasses import replace

from twin_pipeline.crs.codes import COMPOUND_BASE, ZONE_BASE, ZONES
from twin_pipeline.crs.heights import VERTICAL_DATUMS
from twin_pipeline.crs.target import Placed, Target, projected_target, scan_target
from twin_pipeline.errors import GeoreferenceError

_COMPOUND_BASE = {VERTICAL_DATUMS[key].name: base for key, base in COMPOUND_BASE.items()}
"""By name of the vertical datum."""


def zone_of(horizontal_epsg: int | None) -> int | None:
    """Return the zone of JGD2011 / Japan Plane Rectangular CS, None for any other system."""
    zone = (horizontal_epsg or 0) - ZONE_BASE
    return zone if zone in ZONES else None


def rectangular_target(site: Placed, zone: int | None, setting: str) -> Target:
    """Return a plane rectangular system with heights above T.P. for a site.

    A scan in such a system with JGD2011 or JGD2024 heights stays as it is, under the code that
    includes the heights. Others are converted, heights to the T.P. that the scan's geoid realises:
    JGD2024 where that is JPGEO2024, so that a work datum's offset is all that is taken off, and
    JGD2011 otherwise.

    Parameters
    ----------
    site
        The site's georeference.
    zone
        1 to 19, for scans that are in no plane rectangular system.
    setting
        Name of the setting that gives `zone`, for errors.

    Raises
    ------
    GeoreferenceError
        When the site is local, or no zone is known for it.
    """
    if site.is_local:
        raise GeoreferenceError(
            "a local scan can't be written in a plane rectangular system: run it with the CRS of "
            "its coordinates (--crs)"
        )
    own = zone_of(site.horizontal_epsg)
    before = _COMPOUND_BASE.get(site.vertical_name)
    if own is not None and before is not None:
        target = scan_target(site)
        return replace(target, name=f"EPSG:{before + own}", epsg=before + own)
    wanted = own or zone
    if wanted is None:
        raise GeoreferenceError(
            f"EPSG:{site.horizontal_epsg} is no plane rectangular system of JGD2011: say which "
            f"zone the files shall be in ({setting} = 9 for Tokyo)"
        )
    heights = "jgd2024" if site.geoid == VERTICAL_DATUMS["jgd2024"].geoid else "jgd2011"
    code = COMPOUND_BASE[heights] + wanted
    # PROJ does not give the codes back that it does not know
    return replace(projected_target(f"EPSG:{code}", setting), epsg=code)
