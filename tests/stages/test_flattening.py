"""What the catalogue tells of flexible pipes."""

import pytest

from twin_pipeline.export.japanese import in_japanese
from twin_pipeline.stages.flattening import flattening

NOMINAL_M = 0.315
TOLERANCE_M = 0.0018
OVAL_M = 0.0025


def found(off_m: float, std_m: float = 0.0003, oval_m: float = OVAL_M):
    return flattening(NOMINAL_M + off_m, std_m, oval_m, NOMINAL_M, TOLERANCE_M)


def test_a_pipe_much_too_large_for_its_size_may_be_oval():
    told = found(0.0045)
    assert 0.5 * 0.0045 < told.diameter_std_m < 0.0045
    assert told.centre_std_m > 0.5 * told.diameter_std_m
    assert told.note is not None
    assert told.note.startswith("outer diameter 4.5 mm more than the catalogue's 315.0 mm")
    assert "4.5 mm 大きい" in (in_japanese(told.note) or "")


def test_one_too_small_is_told_of_as_well():
    note = found(-0.0060).note
    assert note is not None
    assert "6.0 mm 小さい" in (in_japanese(note) or "")


def test_a_pipe_of_its_size_is_hardly_doubted():
    told = found(0.0002)
    assert told.note is None
    assert told.diameter_std_m < 0.4 * OVAL_M


def test_where_the_arc_shows_that_it_is_round_nothing_is_added():
    assert found(0.0045, oval_m=0.0).diameter_std_m == 0.0
    assert found(0.0045, oval_m=0.0).note is None


def test_doubt_grows_with_what_is_off():
    stds = [found(off_m).diameter_std_m for off_m in (0.0, 0.001, 0.002, 0.004)]
    assert stds == sorted(stds)


def test_without_a_size_the_usual_ovals_count():
    told = flattening(0.2, 0.0003, OVAL_M, None, 0.0008)
    assert 0.3 * OVAL_M < told.diameter_std_m < OVAL_M
    assert told.note is None


@pytest.mark.parametrize("off_m", [-1.0, 1.0])
def test_what_is_far_off_every_size_gives_a_number(off_m):
    assert 0.0 < found(off_m).diameter_std_m < 2.0
