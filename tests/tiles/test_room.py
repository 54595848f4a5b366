import errno
from typing import NamedTuple

import pytest

from tests.tiles.earth import scan_of, trench
from twin_pipeline.errors import OutputError
from twin_pipeline.tiles import TilesOptions, room
from twin_pipeline.tiles.room import Need

COMMON = ("red", "green", "blue", "intensity", "classification")


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def free(monkeypatch):
    """Return a function that sets how much is free."""

    def set_free(size: int) -> None:
        monkeypatch.setattr(room.shutil, "disk_usage", lambda _: Usage(10**12, 0, size))

    return set_free


def test_need_grows_with_points_and_what_they_carry():
    options = TilesOptions()
    need = Need.of(10**8, COMMON, options)
    assert 1.6e9 < need.temporary < 3.5e9
    assert 0.75e9 < need.tiles < 1.6e9
    assert Need.of(2 * 10**8, COMMON, options).total == pytest.approx(2 * need.total, rel=0.01)
    assert Need.of(10**8, (*COMMON, "gps_time"), options).temporary > need.temporary + 8e8
    assert Need.of(10**8, COMMON, TilesOptions(compression="none")).tiles > 2.2e9


@pytest.mark.parametrize("compression", ["meshopt", "none"])
def test_need_is_not_below_what_is_written(compression, write):
    options = {"compression": compression, "points_per_tile": 20_000}
    _, summary = write(scan_of(trench(60_000)), options=options)
    need = Need.of(60_000, (*COMMON, "return_number", "gps_time", "label"), TilesOptions(**options))
    assert 0.5 * (need.tiles - room.FIXED_BYTES) < summary.bytes < need.tiles


def test_too_little_room_is_told_before_anything_is_written(free, tmp_path):
    need = Need.of(10**8, COMMON, TilesOptions())
    free(need.total - 300_000_000)
    with pytest.raises(OutputError, match="300 MB are missing"):
        room.require_room(tmp_path, need)
    free(need.total)
    assert room.require_room(tmp_path, need) == need.total


def test_folder_is_named_that_the_user_knows(free, tmp_path):
    free(0)
    within = tmp_path / ".out.work" / "attempts" / "0-1"
    with pytest.raises(OutputError) as raised:
        room.require_room(within, Need(10, 10))
    assert str(raised.value).startswith(f"{tmp_path}: the disk is full")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_disk_that_becomes_full_is_told_with_what_is_missing(number, free, tmp_path):
    need = Need(3_000_000_000, 1_000_000_000)
    (tmp_path / "used").write_bytes(bytes(1_000_000))
    free(0)
    with (
        pytest.raises(OutputError, match=r"full.*4\.0 GB are missing"),
        room.full_disk_told(tmp_path, need, tmp_path),
    ):
        raise OSError(number, "no room")


def test_other_errors_are_left_alone(tmp_path):
    with (
        pytest.raises(PermissionError),
        room.full_disk_told(tmp_path, Need(1, 1), tmp_path),
    ):
        raise PermissionError(errno.EACCES, "not yours")
