"""Heights and the date of their survey: T.P. is JGD2024 since 2025-04-01."""

import datetime as dt
from collections.abc import Iterator

import numpy as np

from twin_pipeline.crs.case import Case
from twin_pipeline.crs.frames import ProjectedFrame
from twin_pipeline.crs.geoids import undulation_m

IN_FORCE = dt.date(2025, 4, 1)
"""From this day on survey results in Japan are JGD2024 heights, through JPGEO2024."""
_OLD, _NEW = "gsigeo2011", "jpgeo2024"


def epoch_warnings(case: Case, frame: ProjectedFrame) -> Iterator[str]:
    """Yield that a scan's heights are not those in force when it was surveyed."""
    told, written = case.options.survey_date, case.written
    day = told or written
    geoid = frame.heights.geoid
    if day is None or geoid not in (_OLD, _NEW) or (day >= IN_FORCE) == (geoid == _NEW):
        return
    lon_deg, lat_deg = frame.plane.lonlat(case.extent.centre[np.newaxis])
    old, new = (float(undulation_m(key, lon_deg, lat_deg)[0]) for key in (_OLD, _NEW))
    remedy = "--vertical jgd2024 --geoid jpgeo2024"
    if geoid == _NEW:
        remedy = "--vertical jgd2011 --geoid gsigeo2011"
    since = "since" if geoid == _OLD else "but only since"
    by_file = ", by its file's date (set [crs] survey_date if that is not the survey's)"
    surveyed = f"surveyed on {day.isoformat()}{'' if told else by_file}"
    yield (
        f"{case.scan_name}: {surveyed}; its elevations are taken as "
        f"{frame.heights.datum.name} through {geoid.upper()}, {since} {IN_FORCE.isoformat()} T.P. "
        f"is JGD2024 through JPGEO2024: if they are, all ellipsoidal heights are "
        f"{abs(new - old):.3f} m off: check, and give {remedy} if so"
    )
