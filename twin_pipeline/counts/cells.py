"""What stands in a cell of a count sheet: a time, a count, a name, or that there is none."""

import datetime as dt
import re
import unicodedata

MISSING = {
    "",
    "-",
    "--",
    "−",
    "ー",
    "―",
    "–",
    "na",
    "n/a",
    "nan",
    "null",
    "none",
    "欠測",
    "欠",
    "×",
}
"""What says that nothing was counted, which is not the same as zero."""

_ERAS = {"令和": 2018, "平成": 1988}
_DATE = re.compile(
    r"(?:(\d{4})|(令和|平成)(\d{1,2}|元))\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
)
_PACKED_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(?!\d)")
_TIME = re.compile(r"(\d{1,2})\s*[:時]\s*(?:(\d{1,2})\s*(?:[:分]\s*(\d{1,2}(?:\.0+)?)?\s*秒?)?)?")
_PACKED_TIME = re.compile(r"(\d{2})(\d{2})(?!\d)")
_ZONE = re.compile(r"\s*(?:Z|([+-])(\d{2}):?(\d{2}))")
_WEEKDAY = re.compile(r"\s*\((?:[月火水木金土日]|[A-Za-z]{3})\)")
_TO = re.compile(r"\s*[-~〜–—―]\s*")
_COUNT = re.compile(r"\d+(?:\.\d+)?|\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_JAPAN_MIN = 9 * 60
_EPOCH = dt.date(1970, 1, 1).toordinal()


def plain(text: str) -> str:
    """Return text with full-width letters and digits as usual ones, and single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def count_in(cell: str) -> float | None:
    """Return the count in a cell; None where it says that there is none.

    Raises
    ------
    ValueError
        When it is anything else, with what is wrong.
    """
    text = plain(cell)
    if text.lower() in MISSING:
        return None
    if _COUNT.fullmatch(text):
        return float(text.replace(",", ""))
    if re.fullmatch(r"[-−△▲]\s*\d[\d,.]*", text):
        raise ValueError("is negative; leave the cell empty where nothing was counted")
    raise ValueError("is no count; leave the cell empty where nothing was counted")


def span_in(date: str, time: str) -> tuple[int, int | None]:
    """Return when a bin begins, and its end where that is stated.

    Both are minutes since 1970 on the clocks of Japan, which know no summer time; a time with a
    zone is converted to them. Hours of 24 and more belong to the day that is stated.

    Parameters
    ----------
    date, time
        The cells with the date and the time of day; `date` is empty where `time` holds both.

    Raises
    ------
    ValueError
        When that is no time, with what is wrong.
    """
    text = plain(f"{date} {time}").replace("T", " ")
    day, rest = _day(text)
    clock = day * 24 * 60
    begin, rest = _minutes(rest)
    zone, rest = _zone(rest)
    found = _TO.match(rest)
    if not found:
        _require_end(rest)
        return clock + begin + zone, None
    rest = rest[found.end() :]
    if _DATE.match(rest):
        day, rest = _day(rest)
    end, rest = _minutes(rest)
    end_zone, rest = _zone(rest)
    _require_end(rest)
    last = day * 24 * 60 + end
    if last <= clock + begin and day * 24 * 60 == clock:
        last += 24 * 60
    return clock + begin + zone, last + (end_zone or zone)


def _day(text: str) -> tuple[int, str]:
    """Return a date as days since 1970, and what follows it."""
    if found := _DATE.match(text):
        year, era, of_era, month, day = found.groups()
        if era:
            year = _ERAS[era] + (1 if of_era == "元" else int(of_era))
    elif found := _PACKED_DATE.match(text):
        year, month, day = found.groups()
    else:
        raise ValueError("has no date with the year first, such as 2026-01-05 or 2026年1月5日")
    try:
        ordinal = dt.date(int(year), int(month), int(day)).toordinal()
    except ValueError as error:
        raise ValueError("is no day of the calendar") from error
    rest = text[found.end() :]
    weekday = _WEEKDAY.match(rest)
    return ordinal - _EPOCH, (rest[weekday.end() :] if weekday else rest).strip()


def _minutes(text: str) -> tuple[int, str]:
    """Return a time of day in minutes, and what follows it."""
    if found := _TIME.match(text):
        hour, minute, second = found.groups()
    elif found := _PACKED_TIME.match(text):
        (hour, minute), second = found.groups(), None
    else:
        raise ValueError("has no time of day, such as 07:15")
    if int(hour) > 30 or int(minute or 0) > 59:
        raise ValueError("is no time of day")
    if float(second or 0):
        raise ValueError("begins within a minute; bins begin at whole minutes")
    return 60 * int(hour) + int(minute or 0), text[found.end() :]


def _zone(text: str) -> tuple[int, str]:
    """Return what is to be added to a time to have it in Japan's, and what follows the zone."""
    found = _ZONE.match(text)
    if not found or (found[1] == "-" and re.match(r"\s*-\s*\d{1,2}:\d{2}\s*$", text)):
        return 0, text
    sign, hours, minutes = found.groups()
    ahead = (60 * int(hours) + int(minutes)) * (-1 if sign == "-" else 1) if sign else 0
    return _JAPAN_MIN - ahead, text[found.end() :]


def _require_end(rest: str) -> None:
    if rest.strip():
        raise ValueError(f"has {rest.strip()[:20]!r} after the time, which is not understood")
