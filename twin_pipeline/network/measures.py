"""The figures of a network: kilometres by kind, cover, accuracy, and the worst places."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin_pipeline.model import FloatArray
from twin_pipeline.network.tables import Tables

SURE = 2.0
"""Standard deviations: what lies beyond that is beyond doubt, about 98 % on one side."""
MOST_PLACES = 100
BIN_M = 0.1
KINDS = {
    "size": "nominal_diameter_mm",
    "material": "material",
    "year": "laid_fiscal_year",
    "quality": "quality",
    "role": "role",
}
"""What kilometres are told by, and the field that tells it."""
DEVIATIONS = (
    "position_std_h_m",
    "position_std_v_m",
    "cover_std_m",
    "outer_diameter_std_m",
)
REASONS = ("cover_sure", "cover", "cover_possible", "quality", "hidden")
"""Why a place is among the worst, the gravest first."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place that somebody should look at."""

    site: str
    pipe_id: str
    chainage_m: float
    easting_m: float
    northing_m: float
    ground_z_m: float | None
    crown_z_m: float
    cover_m: float | None
    cover_std_m: float | None
    limit_m: float | None
    """The threshold that the cover is held against."""
    reason: str
    """One of `REASONS`."""
    quality: str
    quality_reason: str
    length_m: float
    """Of the pipe."""


def totals(tables: Tables) -> dict[str, Any]:
    """Return how much there is."""
    (found,) = tables.rows(
        "SELECT count(*) AS pipes, coalesce(sum(length_m), 0) / 1000 AS length_km,"
        " coalesce(sum(length_m * observed_fraction), 0) / 1000 AS observed_km FROM pipes"
    )
    (stations,) = tables.rows("SELECT count(*) AS stations FROM stations")
    return {**found, **stations}


def lengths_by(tables: Tables, field: str) -> list[dict[str, Any]]:
    """Return pipes, kilometres and share by the values of a field, unknown ones last."""
    rows = tables.rows(
        f'SELECT "{field}" AS value, count(*) AS pipes, sum(length_m) / 1000 AS length_km,'  # noqa: S608
        f' sum(length_m) / (SELECT sum(length_m) FROM pipes) AS share FROM pipes GROUP BY "{field}"'
        " ORDER BY value NULLS LAST"
    )
    order = ("main", "branch", "crossing", "unknown", "good", "usable", "poor")
    return sorted(rows, key=lambda row: order.index(row["value"]) if row["value"] in order else -1)


def cover(tables: Tables, limits_m: Sequence[float]) -> dict[str, Any]:
    """Return the distribution of the cover by length, and what lies under each limit."""
    held = tables.columns("SELECT cover_m, cover_std_m, length_m, observed FROM stretches")
    known = np.isfinite(held["cover_m"])
    cover_m, length_m = held["cover_m"][known], held["length_m"][known]
    std_m = np.nan_to_num(held["cover_std_m"][known])
    total_m = float(length_m.sum())
    share = 1.0 / total_m if total_m else 0.0
    seen_m = float(length_m[held["observed"][known].astype(bool)].sum())
    return {
        "known_km": total_m / 1000,
        "unknown_km": float(held["length_m"][~known].sum()) / 1000,
        "interpolated_km": (total_m - seen_m) / 1000,
        "least_m": float(cover_m.min()) if len(cover_m) else None,
        "greatest_m": float(cover_m.max()) if len(cover_m) else None,
        **{
            name: quantile(cover_m, length_m, at)
            for name, at in (("p05_m", 0.05), ("median_m", 0.5), ("p95_m", 0.95))
        },
        "under": [
            {
                "limit_m": limit_m,
                "length_km": float(length_m[cover_m <= limit_m].sum()) / 1000,
                "share": float(length_m[cover_m <= limit_m].sum()) * share,
                "share_beyond_doubt": float(length_m[cover_m + SURE * std_m <= limit_m].sum())
                * share,
                "share_not_excluded": float(length_m[cover_m - SURE * std_m <= limit_m].sum())
                * share,
            }
            for limit_m in limits_m
        ],
        "bins": _bins(cover_m, length_m),
    }


def _bins(cover_m: FloatArray, length_m: FloatArray) -> list[dict[str, float]]:
    if len(cover_m) == 0:
        return []
    # the smallest of floats must not lift 0.3 into the bin below it
    number = np.floor(cover_m / BIN_M + 1e-9).astype(int)
    first, last = int(number.min()), int(number.max())
    sums = np.bincount(number - first, weights=length_m, minlength=last - first + 1)
    return [
        {"from_m": round((first + i) * BIN_M, 3), "length_km": float(held) / 1000}
        for i, held in enumerate(sums)
    ]


def accuracy(tables: Tables) -> dict[str, dict[str, float | None]]:
    """Return the distribution of each standard deviation by length, metres."""
    names = ", ".join(DEVIATIONS)
    held = tables.columns(f"SELECT length_m, {names} FROM pipes")  # noqa: S608 - our own names
    told = {}
    for name in DEVIATIONS:
        known = np.isfinite(held[name])
        values, length_m = held[name][known], held["length_m"][known]
        told[name] = {
            "median_m": quantile(values, length_m, 0.5),
            "p95_m": quantile(values, length_m, 0.95),
            "greatest_m": float(values.max()) if len(values) else None,
        }
    return told


def quantile(values: FloatArray, weights: FloatArray, share: float) -> float | None:
    """Return the value below or at which a share of the weight lies; None where there is none."""
    total = float(weights.sum())
    if total <= 0.0:
        return None
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    place = int(np.searchsorted(reached, share * total))
    return float(values[order][min(place, len(order) - 1)])


def worst_places(tables: Tables, limits_m: Sequence[float]) -> list[Place]:
    """Return the worst place of each pipe that has one, the gravest first.

    Cover is held against the lowest limit; a station that was seen goes before one that was not.
    """
    limit_m = min(limits_m)
    query = f"""
    WITH held AS (
      SELECT s.*, p.quality, p.quality_reason, p.length_m AS pipe_m, p.observed_fraction,
        CASE WHEN s.cover_m + {SURE} * coalesce(s.cover_std_m, 0) <= {limit_m} THEN 0
             WHEN s.cover_m <= {limit_m} THEN 1
             WHEN s.cover_m - {SURE} * coalesce(s.cover_std_m, 0) <= {limit_m} THEN 2
             WHEN p.quality = 'poor' THEN 3
             WHEN p.observed_fraction < 0.5 THEN 4 END AS reason
      FROM stations s JOIN pipes p USING (site, pipe_id)),
    ranked AS (
      SELECT *, row_number() OVER (
        PARTITION BY site, pipe_id ORDER BY reason, cover_m NULLS LAST, chainage_m) AS place
      FROM held WHERE reason IS NOT NULL)
    SELECT * FROM ranked WHERE place = 1
    ORDER BY reason, cover_m NULLS LAST, pipe_m DESC, site, pipe_id LIMIT {MOST_PLACES}
    """  # noqa: S608 - numbers of our own
    return [
        Place(
            site=row["site"],
            pipe_id=row["pipe_id"],
            chainage_m=row["chainage_m"],
            easting_m=row["easting_m"],
            northing_m=row["northing_m"],
            ground_z_m=row["ground_z_m"],
            crown_z_m=row["crown_z_m"],
            cover_m=row["cover_m"],
            cover_std_m=row["cover_std_m"],
            limit_m=limit_m if row["reason"] < 3 else None,
            reason=REASONS[row["reason"]],
            quality=row["quality"],
            quality_reason=row["quality_reason"],
            length_m=row["pipe_m"],
        )
        for row in tables.rows(query)
    ]


def sites(tables: Tables) -> dict[str, dict[str, Any]]:
    """Return by site its least cover."""
    rows = tables.rows("SELECT site, min(cover_min_m) AS cover_min_m FROM pipes GROUP BY site")
    return {row["site"]: row for row in rows}
