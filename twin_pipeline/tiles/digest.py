"""A fingerprint of a set of points with all they carry, whatever their order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels.digest import mix_in
from twin_pipeline.tiles.pointset import ATTRIBUTE_TYPES

MODULUS = 1 << 64
RESULT = "label"
_SALTS = {name: salt for salt, name in enumerate(ATTRIBUTE_TYPES, start=4)}


@dataclass(frozen=True, slots=True)
class Digest:
    """Sums of hashes, modulo 2**64; those of parts of the points add up to those of the whole.

    A point that is lost, doubled, moved by a grid unit, or changed in one attribute changes them.
    """

    scan: int = 0
    """Of what the scan file says."""
    whole: int = 0
    """Of that and the result, `label`."""

    def __add__(self, other: "Digest") -> "Digest":
        return Digest((self.scan + other.scan) % MODULUS, (self.whole + other.whole) % MODULUS)

    def to_json(self) -> dict[str, str]:
        """Return both as hexadecimal numbers; JSON's own have too few digits."""
        return {"scan": f"{self.scan:016x}", "whole": f"{self.whole:016x}"}

    @classmethod
    def from_json(cls, held: Mapping[str, str]) -> "Digest":
        """Return what `to_json` gave."""
        return cls(int(held["scan"], 16), int(held["whole"], 16))


EMPTY = Digest()


def digest_of(
    ijk: npt.NDArray[np.signedinteger], columns: Mapping[str, npt.NDArray[Any]]
) -> Digest:
    """Return the digest of some points.

    Parameters
    ----------
    ijk
        (N, 3), grid units.
    columns
        By name, each (N,), of the types in `ATTRIBUTE_TYPES`; times by their bits.
    """
    states = np.zeros(len(ijk), np.uint64)
    for axis in range(3):
        mix_in(states, ijk[:, axis], axis + 1)
    for name in ATTRIBUTE_TYPES:
        if name in columns and name != RESULT:
            values = columns[name]
            bits = values.view(np.uint64) if values.dtype == np.float64 else values
            mix_in(states, bits, _SALTS[name])
    scan = int(states.sum(dtype=np.uint64))
    if RESULT in columns:
        mix_in(states, columns[RESULT], _SALTS[RESULT])
    return Digest(scan, int(states.sum(dtype=np.uint64)))
