"""Scans that are decoded while the program is still being loaded."""

import numpy as np
import pytest

from tests.stages.test_read import write_scan
from twin_pipeline.errors import InputError
from twin_pipeline.stages.read import ahead, inspect_scan, read_chunks
from twin_pipeline.tiles.wanted import ALWAYS, CHUNK_POINTS


@pytest.fixture
def scan(tmp_path):
    path = tmp_path / "scan.laz"
    write_scan(path, count=30_000)
    return path


@pytest.fixture
def begun(monkeypatch) -> list[ahead.LazChild]:
    """Return the decoders that are begun, as they are."""
    children = []
    begin = ahead.LazChild

    def noting(*arguments, **named):
        children.append(begin(*arguments, **named))
        return children[-1]

    monkeypatch.setattr(ahead, "LazChild", noting)
    return children


def _xyz(path, dimensions=ALWAYS, chunk_points=CHUNK_POINTS) -> np.ndarray:
    chunks = read_chunks(path, dimensions=dimensions, chunk_points=chunk_points)
    return np.concatenate([chunk.xyz for chunk in chunks])


def _ended(child: ahead.LazChild) -> bool:
    return child._process.poll() is not None


def test_points_come_from_the_decoder_that_was_begun(scan, begun):
    expected = _xyz(scan)
    ahead.begin(scan, ALWAYS, CHUNK_POINTS)
    assert ahead.checked(scan)
    assert inspect_scan(scan, full=False).unreadable is None
    assert np.array_equal(_xyz(scan), expected)
    assert len(begun) == 2
    assert all(_ended(child) for child in begun)
    assert np.array_equal(_xyz(scan), expected)  # of the second time nothing was begun
    assert len(begun) == 3


@pytest.mark.parametrize("other", [{"dimensions": ("gps_time",)}, {"chunk_points": 1000}])
def test_decoder_of_something_else_is_ended(other, scan, begun):
    ahead.begin(scan, ALWAYS, CHUNK_POINTS)
    assert len(_xyz(scan, **other)) == 30_000
    assert len(begun) == 2
    assert all(_ended(child) for child in begun)


def test_file_that_is_replaced_meanwhile_is_read_anew(scan, begun, tmp_path):
    ahead.begin(scan, ALWAYS, CHUNK_POINTS)
    assert ahead.checked(scan)
    write_scan(tmp_path / "other.laz", count=20_000)
    (tmp_path / "other.laz").replace(scan)
    assert not ahead.checked(scan)
    assert len(_xyz(scan)) == 20_000
    assert len(begun) == 2


def test_what_is_wrong_is_told_as_without(scan, tmp_path):
    scan.write_bytes(scan.read_bytes()[:-4000])
    with pytest.raises(InputError) as plain:
        _xyz(scan)
    for path in (scan, tmp_path / "absent.laz"):
        ahead.begin(path, ALWAYS, CHUNK_POINTS)
        assert not ahead.checked(path)
    with pytest.raises(InputError) as raised:
        _xyz(scan)
    assert str(raised.value) == str(plain.value)
