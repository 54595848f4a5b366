import datetime as dt
import json

import pytest

from tests.layers.made import LAT, LON, STEP_DEG, write_csv
from twin_pipeline.layers.times import date_in_name, iso, parse_time, time_label


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024-08-01", "2024-07-31T15:00:00Z"),
        ("2024/8/1 9:05", "2024-08-01T00:05:00Z"),
        ("2024-08-01T09:00:00Z", "2024-08-01T09:00:00Z"),
        ("2024-08-01T09:00:30+0900", "2024-08-01T00:00:30Z"),
        ("2024年8月1日 9時05分", "2024-08-01T00:05:00Z"),
    ],
)
def test_times_without_a_zone_are_those_of_japan(text, utc):
    assert iso(parse_time(text)) == utc


@pytest.mark.parametrize("text", ["", "soon", "2024-13-01", "2024-02-30", "12:00", "20240801"])
def test_what_is_no_time(text):
    assert parse_time(text) is None


def test_dates_in_names():
    def day(name):
        found = date_in_name(name)
        return None if found is None else time_label(iso(found))

    assert day("LST_20240801_v2.tif") == "2024-08-01"
    assert day("lst-2024-08.tif") == "2024-08-01"
    assert day("tile_12345678.tif") is None
    assert day("plan.tif") is None


def test_csv_with_times_becomes_czml_with_a_clock(add, out, tmp_path):
    rows = [
        [f"S{site}", LON + site * STEP_DEG, LAT, f"2024-08-01 08:{minute:02d}", site + minute]
        for site in (1, 2)
        for minute in (30, 0, 15)
    ]
    path = write_csv(tmp_path / "counts.csv", ["site", "lon", "lat", "time", "count"], *rows)
    layer = add(path, value="count", unit="台")
    assert layer.kind == "czml"
    assert layer.period == ("2024-07-31T23:00:00Z", "2024-07-31T23:45:00Z")
    document, first, second = json.loads((out / layer.url).read_text("utf-8"))
    assert document["clock"]["interval"] == "/".join(layer.period)
    assert first["availability"] == "/".join(layer.period)
    counts = [(part["interval"], part["number"]) for part in first["properties"]["count"]]
    assert counts == [
        ("2024-07-31T23:00:00Z/2024-07-31T23:15:00Z", 1),
        ("2024-07-31T23:15:00Z/2024-07-31T23:30:00Z", 16),
        ("2024-07-31T23:30:00Z/2024-07-31T23:45:00Z", 31),
    ]
    assert first["properties"]["site"] == "S1"
    assert second["point"]["color"][0]["rgba"] != second["point"]["color"][2]["rgba"]


def test_czml_keeps_its_times_and_shows_descriptions_as_text(add, out, tmp_path):
    start = dt.datetime(2024, 8, 1, tzinfo=dt.UTC)
    packets = [
        {
            "id": "document",
            "version": "1.0",
            "clock": {"interval": f"{iso(start)}/2024-08-02T00:00:00Z"},
        },
        {
            "id": "car",
            "description": "<script>alert(1)</script>",
            "properties": {"url": "https://city.example/"},
            "position": {
                "epoch": iso(start),
                "cartographicDegrees": [0, LON, LAT, 60, 60, LON + STEP_DEG, LAT, 60],
            },
            "point": {"pixelSize": 9},
        },
    ]  # fmt: skip
    path = tmp_path / "track.czml"
    path.write_text(json.dumps(packets), encoding="utf-8")
    layer = add(path)
    assert layer.period == ("2024-08-01T00:00:00Z", "2024-08-02T00:00:00Z")
    assert layer.bounds == pytest.approx((LON, LAT, LON + STEP_DEG, LAT))
    _, car = json.loads((out / layer.url).read_text("utf-8"))
    assert car["description"] == "&lt;script&gt;alert(1)&lt;/script&gt;"
    assert car["position"] == packets[1]["position"]
