import pytest

from benchmarks.fuzz import require_told
from benchmarks.hostile import make_hostile
from twin_pipeline.checking import check_scan
from twin_pipeline.config import Config
from twin_pipeline.errors import InputError
from twin_pipeline.preparing import readable_scan
from twin_pipeline.progress import Progress
from twin_pipeline.stages.read import ReadOptions, inspect_scan


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    return {path.name: path for path in make_hostile(tmp_path_factory.mktemp("hostile"))}


def test_files_made_to_break_the_reader_give_points_or_one_line(hostile):
    """All of them, with all commands: `python -m benchmarks.hostile`."""
    for path in list(hostile.values())[::7]:
        require_told(path, salvage=False)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("count-1.laz", "LAZ chunks hold 4169 points, its header claims 1"),
        ("records-2.e57", "it holds 4169 of the 9999 points that it claims"),
        ("records-0.e57", "it claims -9 points"),
        ("zip.laz", "is a ZIP archive, not a scan: unpack it"),
        ("gzip.laz", "is a gzip archive"),
        ("tar.las", "is a tar archive"),
    ],
)
def test_what_can_not_be_taken_for_a_scan_is_refused(hostile, name, message):
    with pytest.raises(InputError, match=message):
        told(hostile[name])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("two-in-one.las", "room for 4,179 more, which are not read"),
        ("count-6.ply", "99,984 bytes follow the 3 points"),
    ],
)
def test_what_may_be_points_that_the_header_does_not_know_of_is_told(hostile, name, message):
    assert any(message in defect for defect in told(hostile[name]))


def told(path):
    """Return what is said of a scan's file."""
    with readable_scan(path, ReadOptions()) as (readable, notes):
        found = inspect_scan(readable)
    if found.unreadable:
        raise InputError(found.unreadable)
    return (*found.defects, *notes)


def test_check_names_the_scan_whose_points_lie_anywhere(hostile):
    scan = hostile["all-points-anywhere.las"]
    with pytest.raises(InputError, match=r"all-points-anywhere\.las: the scan spans"):
        check_scan(scan, Config(), Progress())
