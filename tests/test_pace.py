from twin_pipeline.cli import pace


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
