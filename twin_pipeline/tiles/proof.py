"""What a points' tileset states so that the scan's own numbers can be had back and compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from twin_pipeline.tiles.colours import ColourCode, codes_of, linear_light
from twin_pipeline.tiles.digest import Digest, digest_of
from twin_pipeline.tiles.pointset import ATTRIBUTE_TYPES, COLOURS
from twin_pipeline.tiles.properties import Columns, file_columns

KEY = "points"
"""Where it stands in the tileset's asset.extras."""


@dataclass(frozen=True, slots=True)
class Proof:
    """How the tiles' numbers become the scan's, and a fingerprint of all of them."""

    count: int
    digest: Digest
    grid_origin_m: tuple[float, float, float]
    """Easting, northing, elevation of the grid's zero, scan frame."""
    grid_unit_m: float
    colour_code: ColourCode
    gps_time_base_s: float
    attributes: tuple[str, ...]
    """LAS names of what each point carries, and label."""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "count": self.count,
            "digest": self.digest.to_json(),
            "grid_origin_m": list(self.grid_origin_m),
            "grid_unit_m": self.grid_unit_m,
            "colour_code": self.colour_code.value,
            "gps_time_base_s": self.gps_time_base_s,
            "attributes": list(self.attributes),
        }

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Self:
        """Return what `to_json` gave."""
        x, y, z = held["grid_origin_m"]
        return cls(
            count=held["count"],
            digest=Digest.from_json(held["digest"]),
            grid_origin_m=(x, y, z),
            grid_unit_m=held["grid_unit_m"],
            colour_code=ColourCode(held["colour_code"]),
            gps_time_base_s=held["gps_time_base_s"],
            attributes=tuple(held["attributes"]),
        )

    def columns(
        self, light: npt.NDArray[np.uint16] | None, properties: Mapping[str, npt.NDArray[Any]]
    ) -> Columns:
        """Return (N,) arrays by LAS name of a tile's linear light and properties."""
        columns = file_columns(properties, self.gps_time_base_s)
        if light is not None and self.colour_code.exact_in_vertices:
            codes = codes_of(light, self.colour_code)
            columns |= {name: codes[:, n] for n, name in enumerate(COLOURS)}
        return columns

    def digest_of(self, ijk: npt.NDArray[np.int64], columns: Columns) -> Digest:
        """Return the digest of a tile's points."""
        typed = {name: values.astype(ATTRIBUTE_TYPES[name]) for name, values in columns.items()}
        return digest_of(ijk, typed)


def colours_agree(light: npt.NDArray[np.uint16], codes: npt.NDArray[np.uint16]) -> bool:
    """Whether light (N, 4) is that of 16-bit codes (N, 3)."""
    return bool((linear_light()[codes] == light[:, :3]).all())
