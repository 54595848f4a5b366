"""The known point of docs/coordinates.md, in every output."""

from pathlib import Path

import numpy as np
import pytest

from tests.crs.known import POINT, outputs, result

PAGE = (Path(__file__).parents[2] / "docs" / "coordinates.md").read_text("utf-8")
DATUMS = ("jgd2011", "jgd2024", "ap")


def table():
    """Return by datum and output the numbers of the page's table."""
    lines = PAGE.partition("## One point in every output")[2].splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    assert rows[0][2:] == list(DATUMS)
    return {
        datum: {row[0]: np.array(row[2 + n].split(), dtype=float) for row in rows[1:]}
        for n, datum in enumerate(DATUMS)
    }


@pytest.mark.parametrize("datum", DATUMS)
def test_the_page_tells_what_the_files_hold(tmp_path, datum):
    stated = table()[datum]
    found = outputs(tmp_path, vertical=datum)
    assert stated.keys() == found.keys()
    for name, numbers in found.items():
        degrees = abs(numbers[0]) < 180
        tolerance = np.array([1e-8, 1e-8, 1e-3]) if degrees else np.full(3, 1e-3)
        assert (np.abs(numbers - stated[name]) < tolerance).all(), name


@pytest.mark.parametrize("datum", DATUMS)
def test_all_outputs_mean_the_same_place(tmp_path, datum):
    """Brought back to the scan's own system, each is the point itself, to a millimetre."""
    found = outputs(tmp_path, vertical=datum)
    place = result(vertical=datum).georeference
    assert np.abs(place.to_ecef(POINT[None])[0] - found["tiles"]).max() < 1e-4
    back = place.from_geographic(found["pipes.geojson"][None])[0]
    assert np.abs(back - POINT).max() < 1e-3
    for name in ("pipes.gpkg", "stations.csv", "shapefile", "flatgeobuf", "dxf"):
        assert np.abs(found[name] - POINT).max() < 1e-3
    assert np.abs(found["landxml"] - POINT[[1, 0, 2]]).max() < 1e-3


def test_the_same_place_in_utm():
    utm = result(crs="EPSG:6677").georeference.to_geographic(POINT[None])
    from twin_pipeline.crs import CrsOptions, CrsRecord, resolve

    stated = np.array([381622.3778, 3950309.9992, 40.0])
    options = CrsOptions(crs="EPSG:6691", vertical="jgd2011")
    place = resolve(CrsRecord(), options, stated - 5, stated + 5, "site")
    assert np.abs(place.from_geographic(utm)[0] - stated).max() < 1e-3
    assert "381622.3778, 3950309.9992" in PAGE
