"""Made traffic: vehicles pass at known moments, a sensor misses some and has a clock of its own."""

import csv
import datetime as dt

import numpy as np

MORNING = dt.datetime(2026, 1, 13, 7)  # noqa: DTZ001 - Japan's clocks
"""First bin of the manual counts."""


def stamp(minute):
    return (MORNING + dt.timedelta(minutes=float(minute))).strftime("%Y-%m-%d %H:%M")


def passing(rng, hours, a_minute, *, flat=False):
    """Return moments (minutes after MORNING) at which vehicles pass; two hours more either side."""
    span = np.arange(-120.0, hours * 60 + 120)
    peaks = 0.9 * np.exp(-(((span - 60) / 45) ** 2)) + 0.7 * np.exp(-(((span - 500) / 60) ** 2))
    rate = np.full_like(span, 0.6) if flat else 0.35 + peaks
    count = rng.poisson(a_minute * rate)
    return np.repeat(span, count) + rng.random(count.sum())


def seen(rng, moments, share=0.95, ghosts=0.03, ahead_min=0.0):
    """Return when a sensor sees vehicles, by its clock: it misses some and sees others twice."""
    kept = moments[rng.random(len(moments)) < share]
    more = rng.choice(moments, rng.poisson(ghosts * len(moments)))
    return np.concatenate([kept, more]) + ahead_min


def binned(moments, first, last, width=15):
    counts, edges = np.histogram(moments, np.arange(first, last + 1, width))
    return list(zip(edges[:-1].tolist(), counts.tolist(), strict=True))


def write(path, rows, head=("site", "direction", "vehicle_class", "start", "count"), **how):
    with path.open("w", newline="", **({"encoding": "utf-8"} | how)) as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)
    return path


def survey(rng, offsets, *, hours=12, a_minute=10, width=15, keep=1.0, flat=False, share=0.95):
    """Return rows of the sensor and of the manual sheet; `offsets` by site, minutes ahead."""
    sensor, manual = [], []
    for site, ahead in offsets.items():
        for direction in ("上り", "下り"):
            moments = passing(rng, hours, a_minute, flat=flat)
            by_sensor = seen(rng, moments, share, ahead_min=ahead)
            of_manual = binned(moments, 0, hours * 60)
            of_sensor = binned(by_sensor, -90, hours * 60 + 90, width)
            manual += [(site, direction, "小型", stamp(t), n) for t, n in of_manual]
            sensor += [
                (site, direction, "小型", stamp(t), n) for t, n in of_sensor if rng.random() < keep
            ]
    return sensor, manual
