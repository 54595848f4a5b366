"""Times in data: many spellings in, ISO 8601 in UTC out."""

import datetime as dt
import re
from pathlib import PurePath

JST = dt.timezone(dt.timedelta(hours=9), "JST")
"""Taken where a time names no zone; docs/layers.md says so."""

_SPELLING = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:[T\s]+(\d{1,2})\s*[:時]\s*(\d{1,2})\s*分?(?:[:]?\s*(\d{1,2}(?:\.\d+)?)\s*秒?)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_IN_NAME = re.compile(r"(?<!\d)(\d{4})[-_.]?(\d{2})(?:[-_.]?(\d{2}))?(?!\d)")


def parse_time(text: str) -> dt.datetime | None:
    """Return the moment that a text states, in UTC; None where it states none.

    A time without a zone is taken as Japan's.
    """
    found = _SPELLING.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second, zone = found.groups()
    seconds = float(second or 0)
    try:
        moment = dt.datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), tzinfo=_zone(zone)
        )
        return (moment + dt.timedelta(seconds=seconds)).astimezone(dt.UTC) if seconds < 61 else None
    except (ValueError, OverflowError):
        return None


def date_in_name(name: str) -> dt.datetime | None:
    """Return the date in a file's name (20240801, 2024-08-01, 202408), in UTC, if there is one."""
    for year, month, day in _IN_NAME.findall(PurePath(name).stem):
        if 1900 <= int(year) <= 2100:
            moment = parse_time(f"{year}-{month}-{day or 1}")
            if moment is not None:
                return moment
    return None


def iso(moment: dt.datetime) -> str:
    """Return a moment as ISO 8601 in UTC, to the second where that is all."""
    text = moment.astimezone(dt.UTC).isoformat(timespec="auto")
    return text.replace("+00:00", "Z")


def time_label(text: str) -> str:
    """Return a moment in ISO 8601 as people in Japan read it; at midnight only the day."""
    moment = dt.datetime.fromisoformat(text).astimezone(JST)
    midnight = (moment.hour, moment.minute, moment.second) == (0, 0, 0)
    return moment.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M")


def _zone(text: str | None) -> dt.tzinfo:
    if text is None:
        return JST
    if text in "Zz":
        return dt.UTC
    sign = -1 if text[0] == "-" else 1
    hours, minutes = int(text[1:3]), int(text[-2:])
    return dt.timezone(sign * dt.timedelta(hours=hours, minutes=minutes))
