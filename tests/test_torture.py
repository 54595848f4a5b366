import pytest

from benchmarks.places import LocalPlace
from benchmarks.torture import make_scans, torture

pytestmark = pytest.mark.slow


def test_a_few_kills_change_nothing(tmp_path):
    """The long form is `python -m benchmarks.torture --kills 200`."""
    scans = make_scans(tmp_path / "scans", 3)
    ends, files = torture(LocalPlace(tmp_path), scans, kills=4, jobs=2, seed=7)
    assert ends >= 1
    assert files > 20
