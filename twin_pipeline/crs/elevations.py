"""What elevations count from, and through which geoid they reach the ellipsoid."""

import numpy as np

from twin_pipeline.crs.case import GIVE_VERTICAL, INSIST, Case, Declared
from twin_pipeline.crs.compare import epsg_name
from twin_pipeline.crs.frames import Plane
from twin_pipeline.crs.geoids import undulation_m
from twin_pipeline.crs.georeference import Decision
from twin_pipeline.crs.heights import (
    VERTICAL_DATUMS,
    WORK_DATUMS,
    HeightSystem,
    VerticalDatum,
    datum_named,
    datum_of,
    says_nothing,
)
from twin_pipeline.crs.options import EMBEDDED_GEOIDS
from twin_pipeline.crs.orders import order_hint
from twin_pipeline.errors import GeoreferenceError

# Copies of one model differ by rounding and interpolation; different models by centimetres.
_SAME_GEOID_M = 0.02
# EGM96 comes within 2.4 m of GSIGEO2011 on all of Japan's land, later models within half of that.
_LIKE_GEOID_M = 4.0


def choose_heights(
    case: Case, declared: Declared, plane: Plane
) -> tuple[HeightSystem, dict[str, Decision]]:
    """Return the height system with the reasons for its datum and geoid.

    Raises
    ------
    GeoreferenceError
        If the datum is unknown or contradicted, or the geoid belongs to another datum.
    UsageError
        When a geoid file can't be read.
    """
    datum, vertical_source = _vertical(case, declared, plane)
    geoid, geoid_source = _geoid(case, datum, plane)
    datum, vertical_source = _shifted(case, datum, vertical_source)
    return HeightSystem(datum, geoid), {
        "vertical": Decision(datum.key, vertical_source),
        "geoid": Decision(geoid, geoid_source),
    }


def _vertical(case: Case, declared: Declared, plane: Plane) -> tuple[VerticalDatum, str]:
    recorded = _recorded(declared)
    if case.options.vertical is None:
        return _vertical_from_crs(case, declared, plane, recorded), declared.source
    try:
        said = datum_named(case.options.vertical)
    except GeoreferenceError as error:
        raise case.refuse(f"vertical {error}: {GIVE_VERTICAL}") from error
    if recorded is not None and recorded.key != said.key and not case.options.force_crs:
        raise case.refuse(
            f"its CRS says elevations are {recorded.name!r}, but vertical is set to {said.key}: "
            f"{_as_recorded(recorded)}{INSIST}"
        )
    return said, case.setting("vertical")


def _as_recorded(datum: VerticalDatum) -> str:
    """Return the flags that mean what a record says, where there are such.

    They win over a configuration.
    """
    if datum.key not in VERTICAL_DATUMS and not datum.key.startswith("EPSG:"):
        return ""
    geoid = "" if datum.ellipsoidal else f" --geoid {datum.geoid or 'FILE'}"
    return f"--vertical {datum.key}{geoid} takes its word, or "


def _recorded(declared: Declared) -> VerticalDatum | None:
    if declared.vertical is not None and not says_nothing(declared.vertical):
        return datum_of(declared.vertical)
    return VERTICAL_DATUMS["ellipsoidal"] if declared.ellipsoidal else None


def _vertical_from_crs(
    case: Case, declared: Declared, plane: Plane, recorded: VerticalDatum | None
) -> VerticalDatum:
    if recorded is not None:
        return recorded
    problem = f" ({case.record.problem})" if case.record.problem else ""
    raise case.refuse(
        f"{epsg_name(declared.horizontal)} does not say what elevations count from{problem}: "
        f"{GIVE_VERTICAL}{order_hint(case, plane)}",
        unsaid=True,
    )


def _geoid(case: Case, datum: VerticalDatum, plane: Plane) -> tuple[str | None, str]:
    said = case.options.geoid
    if datum.ellipsoidal:
        return None, "not needed: elevations are ellipsoidal"
    if said is None:
        if datum.geoid is None:
            raise case.refuse(
                f"no geoid is known for elevations in {datum.name!r}: give --geoid FILE (a GTX, "
                'ISG or GeoTIFF grid of undulations; config: [crs] geoid = "FILE"), or '
                f"{GIVE_VERTICAL} and {INSIST}",
                unsaid=True,
            )
        return datum.geoid, f"belongs to {datum.key}"
    if datum.geoid is None:
        _require_like(case, said, plane)
    elif said not in _realising(datum):
        _require_same(case, datum, said, plane)
    return said, case.setting("geoid")


def _realising(datum: VerticalDatum) -> tuple[str, ...]:
    """Return the embedded models that may realise a datum, its own first."""
    return EMBEDDED_GEOIDS if datum.key in WORK_DATUMS else (str(datum.geoid),)


def _require_like(case: Case, said: str, plane: Plane) -> None:
    """Raise where a model of another datum is none of the geoid, as far as one is known here."""
    at = plane.lonlat(case.extent.centre[np.newaxis])
    own, other = (float(undulation_m(name, *at)[0]) for name in (EMBEDDED_GEOIDS[0], said))
    if not abs(own - other) > _LIKE_GEOID_M or case.options.force_crs:
        return
    raise case.refuse(
        f"geoid {said} has {other:.3f} m here, but {EMBEDDED_GEOIDS[0]} {own:.3f} m: it is likely "
        f"no model of undulations in metres, or has another sign; give another --geoid FILE, or "
        f"{INSIST}"
    )


def _require_same(case: Case, datum: VerticalDatum, said: str, plane: Plane) -> None:
    """Raise unless `said`, a file, gives the values of the geoid that belongs to the datum."""
    at = plane.lonlat(case.extent.centre[np.newaxis])
    other = float(undulation_m(said, *at)[0])
    known = [float(undulation_m(name, *at)[0]) for name in _realising(datum)]
    own = min(known, key=lambda value: abs(value - other))
    if not abs(own - other) > _SAME_GEOID_M or case.options.force_crs:
        return
    remedy = f"--geoid {' or --geoid '.join(_realising(datum))}" + (
        f", or the --vertical of {said}" if said in EMBEDDED_GEOIDS else f", or {INSIST}"
    )
    raise case.refuse(
        f"{datum.name} belongs to geoid {' or '.join(_realising(datum))} ({own:.3f} m here), but "
        f"geoid is set to {said} ({other:.3f} m), {abs(own - other):.3f} m away: give {remedy}"
    )


def _shifted(case: Case, datum: VerticalDatum, source: str) -> tuple[VerticalDatum, str]:
    offset_m = case.options.vertical_offset_m
    if offset_m == 0.0:
        return datum, source
    if datum.ellipsoidal:
        raise case.refuse(
            "vertical_offset_m is for work datums that count from a sea level; leave it out for "
            "ellipsoidal elevations"
        )
    return datum.shifted(offset_m), f"{source}; {case.setting('vertical_offset_m')}"
