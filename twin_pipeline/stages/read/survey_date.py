"""The day of the survey, as far as a file tells it."""

import datetime as dt
import math

from twin_pipeline.errors import InputError
from twin_pipeline.stages.read.decode import iter_records
from twin_pipeline.stages.read.header import ScanHeader

_GPS_EPOCH = dt.datetime(1980, 1, 6, tzinfo=dt.UTC)
_SUBTRACTED_S = 1e9
# Writers leave zero, or set the flag on seconds of the week: such days are no survey's.
_EARLIEST, _LATEST_S = dt.date(2000, 1, 1), 4e9


def survey_date(header: ScanHeader) -> dt.date | None:
    """Return the day of the first point by GPS time, else the file's creation date."""
    if not header.standard_gps_time or "gps_time" not in (header.dtype.names or ()):
        return header.creation_date
    try:
        (seconds,) = next(iter_records(header, 1))["gps_time"]
    except InputError:
        return header.creation_date
    since_epoch_s = float(seconds) + _SUBTRACTED_S
    if float(seconds) == 0.0 or not math.isfinite(since_epoch_s) or since_epoch_s > _LATEST_S:
        return header.creation_date
    day = (_GPS_EPOCH + dt.timedelta(seconds=max(since_epoch_s, 0.0))).date()
    return day if day >= _EARLIEST else header.creation_date
