"""What elevations count from, and through which geoid they reach the ellipsoid."""

from twin_pipeline.crs.case import FORCE, GIVE_VERTICAL, Case, Declared
from twin_pipeline.crs.compare import epsg_name, has_ellipsoidal_height
from twin_pipeline.crs.georeference import Decision
from twin_pipeline.crs.heights import VERTICAL_DATUMS, HeightSystem, VerticalDatum, recognise


def choose_heights(case: Case, declared: Declared) -> tuple[HeightSystem, dict[str, Decision]]:
    """Return the height system with the reasons for its datum and geoid.

    Raises
    ------
    GeoreferenceError
        If the datum is unknown or contradicted, or the geoid belongs to another datum.
    """
    datum, vertical_source = _vertical(case, declared)
    system, geoid_source = _geoid(case, datum)
    return system, {
        "vertical": Decision(datum.key, vertical_source),
        "geoid": Decision(system.geoid, geoid_source),
    }


def _vertical(case: Case, declared: Declared) -> tuple[VerticalDatum, str]:
    said = case.options.vertical
    named = _vertical_of_crs(declared)
    if said is None:
        return _vertical_from_crs(case, declared, named)
    contradicted = declared.vertical is not None or named is not None
    if contradicted and named != said and not case.options.force_crs:
        name = declared.vertical.name if declared.vertical else "Ellipsoidal height"
        raise case.refuse(
            f"its CRS says elevations are {name!r}, but vertical is set to {said}: leave "
            f"--vertical out, or insist with {FORCE}"
        )
    return VERTICAL_DATUMS[said], case.setting("vertical")


def _vertical_of_crs(declared: Declared) -> str | None:
    if declared.vertical is not None:
        return recognise(declared.vertical)
    return "ellipsoidal" if has_ellipsoidal_height(declared.horizontal) else None


def _vertical_from_crs(
    case: Case, declared: Declared, named: str | None
) -> tuple[VerticalDatum, str]:
    for key, datum in VERTICAL_DATUMS.items():
        if key == named:
            return datum, declared.source
    if declared.vertical is not None:
        raise case.refuse(
            f"no geoid is known for elevations in {declared.vertical.name!r}: convert them, or "
            f"{GIVE_VERTICAL} together with {FORCE}"
        )
    problem = f" ({case.record.problem})" if case.record.problem else ""
    raise case.refuse(
        f"{epsg_name(declared.horizontal)} does not say what elevations count from{problem}: "
        f"{GIVE_VERTICAL}"
    )


def _geoid(case: Case, datum: VerticalDatum) -> tuple[HeightSystem, str]:
    said = case.options.geoid
    if datum.geoid is None:
        return HeightSystem(datum, None), "not needed: elevations are ellipsoidal"
    if said is None:
        return HeightSystem(datum, datum.geoid), f"belongs to {datum.key}"
    if said != datum.geoid:
        raise case.refuse(
            f"{datum.name} belongs to geoid {datum.geoid}, but geoid is set to {said}, about "
            f"0.1 m away in Tokyo: give --geoid {datum.geoid}, or the --vertical of {said}"
        )
    return HeightSystem(datum, said), case.setting("geoid")
