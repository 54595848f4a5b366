from pathlib import Path

import pytest

from benchmarks.fuzz import fuzz, require_told, seeds

REGRESSIONS = sorted((Path(__file__).parents[1] / "data" / "regressions").glob("*.la[sz]"))


def test_damaged_scans_give_points_or_one_line(tmp_path):
    """The long form is `python -m benchmarks.fuzz --minutes 60`."""
    folder = tmp_path / "damaged"
    folder.mkdir()
    found = list(fuzz(seeds(tmp_path / "made"), folder, seconds=8.0, seed=1, most=150))
    assert found == []


@pytest.mark.parametrize("path", REGRESSIONS, ids=lambda path: path.name)
@pytest.mark.parametrize("salvage", [False, True])
def test_what_once_broke_is_told(path, salvage, tmp_path):
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    require_told(copy, salvage=salvage)
