"""Where a scan lies on the earth, with the reason for each decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.crs.frames import LocalFrame, ProjectedFrame
from twin_pipeline.crs.grids import grid_sha256
from twin_pipeline.crs.options import EMBEDDED_GEOIDS
from twin_pipeline.crs.towns import near
from twin_pipeline.model import FloatArray


@dataclass(frozen=True, slots=True)
class Decision:
    """A value and where it came from: the file's record, a setting, or a default."""

    value: str | None
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Georeference:
    """Converts a scan's coordinates; built by `resolve`, safe to share between threads.

    Arrays named xyz are (N, 3) float64 in the scan frame: easting, northing, elevation in metres.
    """

    frame: ProjectedFrame | LocalFrame
    wkt: str
    """WKT2:2019 of the CRS, with its heights where they are part of a CRS."""
    horizontal_epsg: int | None
    compound_epsg: int | None
    """Code of horizontal CRS and heights together, known to the installed PROJ or not."""
    declared_epsg: int | None
    """Code under which the scan or the user named the CRS."""
    vertical_name: str
    decisions: Mapping[str, Decision]
    """By crs, vertical, geoid, axis_order."""
    middle: tuple[float, float, float]
    """Of the scan's bounding box, scan frame."""
    warnings: tuple[str, ...] = ()
    height_doubt: str | None = None
    """What stands beside every height: that elevations may be of another kind than was stated."""

    @property
    def is_local(self) -> bool:
        """Whether coordinates are metres around an origin rather than a map projection."""
        return isinstance(self.frame, LocalFrame)

    @property
    def epsg(self) -> int | None:
        """Code that attribute files should declare: as declared, else the horizontal CRS's."""
        return self.declared_epsg or self.horizontal_epsg

    @property
    def geoid(self) -> str | None:
        """Name or file of the geoid model in use; None where elevations need none."""
        return self.decisions["geoid"].value

    @property
    def above_geoid_m(self) -> float | None:
        """What an elevation reads on the geoid; None where elevations count from no geoid."""
        if isinstance(self.frame, LocalFrame) or self.frame.heights.datum.ellipsoidal:
            return None
        return self.frame.heights.datum.above_geoid_m

    @property
    def where(self) -> str:
        """Where the middle of the scan lies, for people."""
        lon_deg, lat_deg, _ = self.frame.to_geographic(np.array([self.middle]))[0].tolist()
        return near(lon_deg, lat_deg)

    def to_geographic(self, xyz: FloatArray) -> FloatArray:
        """Convert to (N, 3) longitude (deg), latitude (deg), ellipsoidal height (m), WGS 84.

        Raises
        ------
        GeoreferenceError
            Where the geoid has no value.
        """
        return self.frame.to_geographic(xyz)

    def from_geographic(self, geographic: FloatArray) -> FloatArray:
        """Convert (N, 3) longitude (deg), latitude (deg), ellipsoidal height (m) back to xyz."""
        return self.frame.from_geographic(geographic)

    def to_ecef(self, xyz: FloatArray) -> FloatArray:
        """Convert to (N, 3) earth-centred, earth-fixed metres (EPSG:4978)."""
        return self.frame.to_ecef(xyz)

    def geoid_undulation_m(self, xyz: FloatArray) -> FloatArray:
        """Return (N,) the geoid's height above the ellipsoid; zeros where no geoid takes part."""
        return self.frame.undulation_m(xyz)

    def describe(self) -> dict[str, Any]:
        """Return what was decided and why, JSON-ready for run.json."""
        described: dict[str, Any] = {
            name: {"value": decision.value, "source": decision.source}
            for name, decision in self.decisions.items()
        }
        described |= {
            "horizontal_epsg": self.horizontal_epsg,
            "compound_epsg": self.compound_epsg,
            "declared_epsg": self.declared_epsg,
            "vertical_name": self.vertical_name,
            "elevation_above_geoid_m": self.above_geoid_m,
            "middle": list(self.middle),
            "where": self.where,
            "local": self.is_local,
            "wkt": self.wkt,
            "warnings": list(self.warnings),
            "height_doubt": self.height_doubt,
        }
        if self.geoid is not None and self.geoid not in EMBEDDED_GEOIDS:
            described["geoid_sha256"] = grid_sha256(Path(self.geoid))
        if isinstance(self.frame, LocalFrame):
            lon_deg, lat_deg, height_m = self.frame.origin
            described["origin"] = {"lon_deg": lon_deg, "lat_deg": lat_deg, "height_m": height_m}
        else:
            described["to_wgs84"] = self.frame.plane.transformer.description
            described["to_wgs84_accuracy_m"] = self.frame.plane.transformer.accuracy
        return described
