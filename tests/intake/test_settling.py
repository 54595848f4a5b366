import struct

import laspy
import numpy as np
import pytest

from twin_pipeline.intake.inbox import FolderInbox, Stamp
from twin_pipeline.intake.names import is_passing, site_name
from twin_pipeline.intake.settling import Settling
from twin_pipeline.patience import WatchOptions
from twin_pipeline.stages.read import what_lacks


def test_a_file_settles_when_it_has_stayed_the_same_for_long_enough():
    now = [100.0]
    settling = Settling(WatchOptions(settle_s=10, give_up_s=60), lambda: now[0])

    def look(size, changed="1"):
        settling.look({"a.laz": Stamp(size, changed, 0.0)})
        return settling.settled("a.laz")

    assert not look(5)
    now[0] = 109
    assert not look(5)
    now[0] = 110
    assert look(5)
    assert not look(6)  # grew
    now[0] = 119
    assert not look(6, "2")  # written anew
    now[0] = 129
    assert look(6, "2")
    assert not settling.given_up("a.laz")
    now[0] = 179
    assert settling.given_up("a.laz")
    settling.look({})
    assert not settling.settled("a.laz")


def test_a_rename_into_place_is_a_new_file(tmp_path):
    inbox = FolderInbox(tmp_path)
    (tmp_path / "a.laz.part").write_bytes(b"scan")
    (tmp_path / "a.laz.part").rename(tmp_path / "a.laz")
    assert list(inbox.listing()) == ["a.laz"]
    before = inbox.stamp("a.laz")
    (tmp_path / "b").write_bytes(b"scam")
    (tmp_path / "b").rename(tmp_path / "a.laz")
    assert not inbox.stamp("a.laz").same(before)


@pytest.mark.parametrize(
    "name",
    ["a.laz.part", "a.laz.filepart", "a.laz.crdownload", "~$a.laz", ".a.laz.Xy3Zq", "a.tmp",
     "up/.hidden/a.laz", "A.LAZ.PART", "a.laz.partial"],
)  # fmt: skip
def test_names_of_files_that_are_being_written(name):
    assert is_passing(name)


@pytest.mark.parametrize("name", ["a.laz", "party.laz", "現場 1.las", "x/a.e57"])
def test_other_names(name):
    assert not is_passing(name)


def test_a_scan_in_a_folder_is_named_after_both():
    assert site_name("north/day 2/trench.laz") == "north_day 2_trench"


def scan(path, points=5000, **how):
    las = laspy.LasData(laspy.LasHeader(**({"point_format": 3, "version": "1.2"} | how)))
    las.x = las.y = las.z = np.arange(1.0, points + 1)
    las.write(path)
    return path


@pytest.mark.parametrize("name", ["a.las", "a.laz"])
@pytest.mark.parametrize("how", [{}, {"version": "1.4", "point_format": 7}])
def test_a_whole_scan_lacks_nothing_and_every_part_of_it_something(tmp_path, name, how):
    path = scan(tmp_path / name, **how)
    assert what_lacks(path) is None
    whole = path.read_bytes()
    part = tmp_path / f"part_{name}"
    for share in (0.0, 0.001, 0.01, 0.3, 0.7, 0.99):
        part.write_bytes(whole[: int(share * len(whole))])
        assert what_lacks(part) is not None, share


def test_a_file_of_full_size_that_is_filled_from_the_front(tmp_path):
    whole = scan(tmp_path / "a.las").read_bytes()
    part = tmp_path / "b.las"
    part.write_bytes(whole[: len(whole) // 2].ljust(len(whole), b"\0"))
    assert "still empty" in what_lacks(part)


def test_e57_tells_its_length(tmp_path):
    path = tmp_path / "a.e57"
    path.write_bytes(b"ASTM-E57" + struct.pack("<IIQ", 1, 0, 4096) + b"x" * 1000)
    assert "4,096 bytes" in what_lacks(path)
