import pytest

from benchmarks.torture import torture

pytestmark = pytest.mark.slow


def test_a_few_kills_change_nothing(tmp_path):
    """The long form is `python -m benchmarks.torture --kills 200`."""
    ends, files = torture(tmp_path, kills=4, sites=3, jobs=2, seed=7)
    assert ends >= 1
    assert files > 20
