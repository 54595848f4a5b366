import re
import sys
import time

from twin_pipeline.cli import pace
from twin_pipeline.cli.terminal import TerminalProgress


def test_pace_is_told_now_and_then(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    told = pace.Pace("site: build tiles")
    now[0] = 105.0
    assert told.line(1_000_000, 40_000_000) is None
    now[0] = 110.0
    expected = "site: build tiles: 25%, 1.00 million points/s, 30 s left"
    assert told.line(10_000_000, 40_000_000) == expected
    now[0] = 111.0
    assert told.line(11_000_000, 40_000_000) is None


def test_small_steps_have_no_pace(monkeypatch):
    told = pace.Pace("x")
    monkeypatch.setattr(pace, "EVERY_S", 0.0)
    assert told.line(5, 10) is None
    assert told.line(0, 10**6) is None


def test_long_times_are_told_in_minutes():
    assert pace.pace_text(2e6, 125.4) == "2.00 million points/s, 2 min 05 s left"


def test_bar_with_pace_and_stage_is_one_line_of_a_narrow_terminal(monkeypatch, capsys):
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with TerminalProgress(quiet=False) as shown:
        shown.site("trench[1]_of_a_street_whose_name_is_longer_than_the_terminal_is_wide", 1, 1)
        shown.stage("build tiles")
        for points in (2_000_000, 3_000_000):
            time.sleep(0.02)
            shown.advance(points, 10_000_000)
        shown._bar.refresh()
    shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().err)
    lines = re.split(r"[\r\n]|\x1b\[[0-9;?]*[A-Za-z]", shown)
    told = [line for line in lines if "million" in line]
    assert told
    for line in told:
        assert re.match(r"trench\[1\].*… build tiles .* million points/s, \d+ s left *$", line)
        assert len(line) <= 80
