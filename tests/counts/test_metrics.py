import numpy as np
import pytest

from twin_pipeline.counts.metrics import Pairs, figures, geh, hours_of, measure


def pairs(sensor, manual, start=0.0):
    n = len(sensor)
    return Pairs(
        np.zeros(n), start + 15.0 * np.arange(n), np.array(sensor, float), np.array(manual, float)
    )


def test_figures_by_hand():
    found = measure(pairs([9, 12, 0, 5, 8, 3, 4, 4], [10, 10, 2, 5, 8, 0, 4, 5]), 15, 5.0)
    assert found.bins == 8
    assert found.bias.value == pytest.approx(1 / 8)
    assert found.bias_percent.value == pytest.approx(100 * 1 / 44)
    assert found.mae.value == pytest.approx((1 + 2 + 2 + 3 + 1) / 8)
    assert found.mape_percent.value == pytest.approx(100 * (0.1 + 0.2 + 1 + 0.2) / 7)
    assert found.wape_percent.value == pytest.approx(100 * 9 / 44)
    assert (found.zero_bins, found.zero_bins_sensor) == (1, 3)
    expected = np.corrcoef([9, 12, 0, 5, 8, 3, 4, 4], [10, 10, 2, 5, 8, 0, 4, 5])[0, 1]
    assert found.correlation.value == pytest.approx(expected)
    assert found.geh_hours == 2
    assert found.geh_mean == pytest.approx(np.mean(geh(np.array([26, 19]), np.array([27, 17]))))


def test_geh_is_the_published_formula():
    np.testing.assert_allclose(
        geh(np.array([110.0, 0, 0, 50]), np.array([90.0, 0, 2, 50])),
        [np.sqrt(2 * 400 / 200), 0, 2, 0],
    )


def test_hours_that_are_not_whole_have_no_geh():
    start = 60.0 * 7 + 30  # half past seven: the first hour is cut
    hours = hours_of(pairs([1] * 8, [1] * 8, start), 15)
    np.testing.assert_array_equal(hours.start_min, [480])
    np.testing.assert_array_equal(hours.sensor, [4])


def test_what_has_no_value_says_why():
    nothing = measure(pairs([], []), 15, 5.0)
    assert nothing.bias.value is None
    assert nothing.geh_share.why_not == "no hour is complete"
    empty_road = measure(pairs([0, 1, 0, 2] * 4, [0] * 16), 15, 5.0)
    assert empty_road.mape_percent.value is None
    assert empty_road.bias_percent.why_not == "no vehicle was counted by hand"
    assert empty_road.mae.value == pytest.approx(0.75)
    assert empty_road.correlation.why_not == "the counts don't vary"


def test_equal_counts_are_not_certain_to_be_right_in_every_hour():
    found = measure(pairs([10] * 48, [10] * 48), 15, 5.0)
    assert found.geh_share.value == found.geh_share.high == 1.0
    assert 0.4 < found.geh_share.low < 0.9
    assert (found.bias.low, found.bias.high) == (0.0, 0.0)


def simulated(rng, days, hours, lasting):
    """Return a survey of two roads whose errors last from bin to bin."""
    bins = 4 * hours
    profile = np.tile(40 + 20 * np.sin(np.arange(bins) / 5), days)
    parts = []
    for road in range(2):
        manual = rng.poisson(profile).astype(float)
        shock = rng.normal(size=bins * days)
        lasts = np.empty_like(shock)
        lasts[0] = shock[0]
        for i in range(1, len(shock)):
            lasts[i] = lasting * lasts[i - 1] + np.sqrt(1 - lasting**2) * shock[i]
        share = np.clip(0.93 + 0.05 * lasts, 0, 1)
        sensor = rng.binomial(manual.astype(int), share) + rng.poisson(1.5, bins * days)
        t = np.arange(bins * days)
        parts.append(
            (np.full(len(t), road), 1440.0 * (t // bins) + 15 * (t % bins), sensor, manual)
        )
    return Pairs(*(np.concatenate(column).astype(float) for column in zip(*parts, strict=True)))


@pytest.mark.parametrize(("days", "hours"), [(1, 3), (1, 6), (1, 12), (12, 6)])
def test_intervals_hold_the_truth_as_often_as_they_say(days, hours):
    drawn = [simulated(np.random.default_rng(seed), days, hours, 0.3) for seed in range(700)]
    everything = Pairs(
        np.concatenate([p.series for p in drawn]),
        np.concatenate([p.start_min + 1440 * 100 * n for n, p in enumerate(drawn)]),
        np.concatenate([p.sensor for p in drawn]),
        np.concatenate([p.manual for p in drawn]),
    )
    truth = dict(figures(measure(everything, 15, 1.0)))
    held = dict.fromkeys(truth, 0)
    for survey in drawn[:250]:
        for name, value in figures(measure(survey, 15, 1.0)):
            held[name] += value.low <= truth[name].value <= value.high
    shares = {name: count / 250 for name, count in held.items()}
    assert min(shares.values()) >= 0.90, shares
