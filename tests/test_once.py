"""Options that hold one value, given twice."""

import pytest
from typer.testing import CliRunner

from twin_pipeline.cli.app import app


@pytest.mark.parametrize(
    "args",
    [
        ["run", "a.laz", "-o", "out", "--vertical", "jgd2011", "--vertical", "jgd2024"],
        ["run", "a.laz", "-o", "out", "--vertical", "jgd2011", "--vertical=jgd2011"],
        ["tile", "a.laz", "-o", "out", "--crs", "6677", "--crs", "6676"],
        ["run", "a.laz", "-o", "out", "-o", "other"],
    ],
)
def test_a_value_given_twice_is_refused(args):
    done = CliRunner().invoke(app, args)
    assert done.exit_code == 2
    assert "is given twice" in done.output


def test_what_may_be_repeated_is_not(tmp_path):
    done = CliRunner().invoke(app, ["export", str(tmp_path), "-f", "dxf", "-f", "kml"])
    assert "twice" not in done.output
    assert done.exit_code == 1
