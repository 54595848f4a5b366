"""Georeferences made for tests, and scans that lie on them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.factories import EASTING_M, GROUND_Z_M, NORTHING_M
from twin_pipeline.model import FloatArray, PointChunk

SEMI_MAJOR_M = 6_378_137.0
FLATTENING = 1 / 298.257223563


@dataclass(frozen=True)
class Earth:
    """An equirectangular map around (EASTING_M, NORTHING_M) in Tokyo, turned by `turn_deg`.

    It bends as the earth does, its scale is off by 1e-4, and its geoid slopes by 2e-5: what a
    plane rectangular system does to a tile, in closed form.
    """

    turn_deg: float = 0.7
    vertical_name: str = "JGD2011 (vertical) height"

    def to_ecef(self, xyz: FloatArray) -> FloatArray:
        turn = np.deg2rad(self.turn_deg)
        east, north = (xyz[:, :2] - (EASTING_M, NORTHING_M)).T * 0.9999
        east, north = (
            east * np.cos(turn) - north * np.sin(turn),
            east * np.sin(turn) + north * np.cos(turn),
        )
        lat = np.deg2rad(35.6898) + north / 6_358_000.0
        lon = np.deg2rad(139.6919) + east / (6_386_000.0 * np.cos(lat))
        height = xyz[:, 2] + 37.0 + 2e-5 * east - 1e-5 * north
        return geodetic_to_ecef(lon, lat, height)

    def describe(self) -> dict[str, Any]:
        return {
            "crs": {"value": "EPSG:6677", "source": "--crs"},
            "geoid": {"value": "GSIGEO2011", "source": "config"},
        }


class Degrees(Earth):
    """A scan whose coordinates are longitude and latitude taken for metres."""

    def to_ecef(self, xyz: FloatArray) -> FloatArray:
        lon, lat = np.deg2rad(xyz[:, :2]).T
        return geodetic_to_ecef(lon, lat, xyz[:, 2])


class Nowhere(Earth):
    """A scan outside the domain of its projection."""

    def to_ecef(self, xyz: FloatArray) -> FloatArray:
        return np.full_like(xyz, np.inf)


def geodetic_to_ecef(lon: FloatArray, lat: FloatArray, height: FloatArray) -> FloatArray:
    """Longitude, latitude in radians and ellipsoidal height to earth-centred metres."""
    e2 = FLATTENING * (2 - FLATTENING)
    prime = SEMI_MAJOR_M / np.sqrt(1 - e2 * np.sin(lat) ** 2)
    return np.column_stack(
        (
            (prime + height) * np.cos(lat) * np.cos(lon),
            (prime + height) * np.cos(lat) * np.sin(lon),
            (prime * (1 - e2) + height) * np.sin(lat),
        )
    )


@dataclass(frozen=True)
class Scan:
    """Points with attributes; intensity and label together number the points."""

    xyz: FloatArray
    attributes: dict[str, np.ndarray]

    @property
    def labels(self) -> np.ndarray:
        return (np.arange(len(self.xyz)) >> 16).astype(np.uint16)

    @property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        return self.xyz.min(axis=0, initial=np.inf), self.xyz.max(axis=0, initial=-np.inf)

    def chunks(self, size: int = 7_000) -> Iterator[PointChunk]:
        for start in range(0, len(self.xyz), size):
            part = slice(start, start + size)
            named = {name: values[part] for name, values in self.attributes.items()}
            yield PointChunk(start, self.xyz[part], named)


def scan_of(xyz: FloatArray, *, brightest: int = 255) -> Scan:
    """Points on a millimetre grid with random colours, and numbers for intensities."""
    rng = np.random.default_rng(len(xyz))
    count = len(xyz)
    named = {
        name: rng.integers(0, brightest + 1, count).astype(np.uint16)
        for name in ("red", "green", "blue")
    }
    named["intensity"] = (np.arange(count) & 0xFFFF).astype(np.uint16)
    named["classification"] = rng.integers(0, 19, count).astype(np.uint8)
    named["return_number"] = rng.integers(1, 6, count).astype(np.uint8)
    named["gps_time"] = np.arange(count) * 1e-5
    return Scan(np.round(xyz, 3), named)


def trench(count: int, length_m: float = 20.0) -> FloatArray:
    """A street with a trench along it, 30 degrees from east."""
    rng = np.random.default_rng(count)
    along, across = rng.uniform(0, length_m, count), rng.uniform(-3, 3, count)
    height = 0.01 * rng.standard_normal(count) - 1.2 * (np.abs(across) < 0.5)
    turn = np.deg2rad(30)
    return np.column_stack(
        (
            EASTING_M + along * np.cos(turn) - across * np.sin(turn),
            NORTHING_M + along * np.sin(turn) + across * np.cos(turn),
            GROUND_Z_M + height,
        )
    )
