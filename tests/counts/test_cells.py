import datetime as dt

import pytest

from twin_pipeline.counts.cells import count_in, span_in


@pytest.mark.parametrize(
    ("cell", "count"),
    [
        ("12", 12), (" 12 ", 12), ("１２", 12), ("1,234", 1234), ("１，２３４", 1234),
        ("12.5", 12.5),
        ("0", 0), ("", None), ("欠測", None), ("-", None), ("ー", None), ("NaN", None),
        ("N/A", None),
    ],
)  # fmt: skip
def test_counts_and_what_is_none(cell, count):
    assert count_in(cell) == count


@pytest.mark.parametrize("cell", ["-3", "▲3", "－３"])
def test_negative_counts_are_refused(cell):
    with pytest.raises(ValueError, match="negative"):
        count_in(cell)


@pytest.mark.parametrize("cell", ["1,23", "12,34", "abc", "1e3", "12台", "1 2", "inf", "0x10"])
def test_other_cells_are_no_counts(cell):
    with pytest.raises(ValueError, match="no count"):
        count_in(cell)


def minute(text):
    at = dt.datetime.fromisoformat(text)
    return int((at - dt.datetime.fromisoformat("1970-01-01")).total_seconds() // 60)


@pytest.mark.parametrize(
    ("date", "time", "begin", "end"),
    [
        ("", "2026-01-13 07:15", "2026-01-13T07:15", None),
        ("", "2026-01-13T07:15:00", "2026-01-13T07:15", None),
        ("", "2026/1/13 7:15", "2026-01-13T07:15", None),
        ("", "２０２６／１／１３　７：１５", "2026-01-13T07:15", None),
        ("", "2026年1月13日 7時15分", "2026-01-13T07:15", None),
        ("", "令和8年1月13日 7時15分", "2026-01-13T07:15", None),
        ("2026-01-13", "0715", "2026-01-13T07:15", None),
        ("20260113", "7:15", "2026-01-13T07:15", None),
        ("2026/1/13(火)", "7:15～7:30", "2026-01-13T07:15", "2026-01-13T07:30"),
        ("2026/1/13", "7:15-7:30", "2026-01-13T07:15", "2026-01-13T07:30"),
        ("2026/1/13", "7:15-07:30", "2026-01-13T07:15", "2026-01-13T07:30"),
        ("2026/1/13", "23:45〜24:00", "2026-01-13T23:45", "2026-01-14T00:00"),
        ("2026/1/13", "23:45〜0:00", "2026-01-13T23:45", "2026-01-14T00:00"),
        ("2026/1/13", "25:00", "2026-01-14T01:00", None),
        ("", "2026-01-12T22:15:00Z", "2026-01-13T07:15", None),
        ("", "2026-01-13T07:15:00+09:00", "2026-01-13T07:15", None),
        ("", "2026-03-29T02:30", "2026-03-29T02:30", None),  # no hour is lost to summer time
    ],
)
def test_times(date, time, begin, end):
    assert span_in(date, time) == (minute(begin), minute(end) if end else None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("13/01/2026 07:15", "year first"), ("2026-02-30 07:15", "calendar"),
        ("2026-01-13", "no time of day"), ("2026-01-13 07:75", "no time of day"),
        ("2026-01-13 07:15:30", "whole minutes"), ("2026-01-13 7:15 PM", "not understood"),
        ("46035.3", "year first"), ("", "year first"),
    ],
)  # fmt: skip
def test_times_that_are_refused(text, told):
    with pytest.raises(ValueError, match=told):
        span_in("", text)
