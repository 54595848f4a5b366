"""What one pass over a scan learns about its points."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import rows
from twin_pipeline.model import FloatArray
from twin_pipeline.tiles.colours import ColourCode
from twin_pipeline.tiles.digest import EMPTY, Digest
from twin_pipeline.tiles.pointset import COLOURS

CLASSES = 256


@dataclass(slots=True, eq=False)
class Found:
    """What is known of all points, or of some of them."""

    points: int = 0
    lower: FloatArray = field(default_factory=lambda: np.full(3, np.inf))
    """(3,) scan frame, metres."""
    upper: FloatArray = field(default_factory=lambda: np.full(3, -np.inf))
    """(3,) scan frame, metres."""
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Least and greatest value of each attribute."""
    classes: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(CLASSES, np.int64))
    """(256,) points of each class."""
    colour_bits: int = 0
    """Bits that are set in any colour."""
    doubled: bool = True
    """Whether both bytes of every colour are the same."""
    digest: Digest = EMPTY

    @property
    def middle(self) -> FloatArray:
        """(3,) centre of the bounds, scan frame, metres."""
        return (self.lower + self.upper) / 2

    @property
    def colour_code(self) -> ColourCode:
        """How the file codes brightness."""
        return ColourCode.of(self.colour_bits, doubled=self.doubled)

    @classmethod
    def of(
        cls, xyz: FloatArray, attributes: Mapping[str, npt.NDArray[Any]], digest: Digest
    ) -> Self:
        """Return what some points say; (N, 3) scan frame, finite, and (N,) arrays by name."""
        lower, upper = rows.bounds(xyz)
        found = cls(len(xyz), lower, upper, digest=digest)
        for name, values in attributes.items():
            found.ranges[name] = (values.min().item(), values.max().item())
        if "classification" in attributes:
            found.classes = np.bincount(attributes["classification"], minlength=CLASSES)
        for name in COLOURS:
            if name in attributes:
                codes = attributes[name]
                found.colour_bits |= int(np.bitwise_or.reduce(codes))
                found.doubled &= bool((codes >> 8 == codes & 255).all())
        return found

    def add(self, other: Self) -> None:
        """Take in what other points say."""
        self.points += other.points
        self.lower = np.minimum(self.lower, other.lower)
        self.upper = np.maximum(self.upper, other.upper)
        for name, (least, most) in other.ranges.items():
            before = self.ranges.get(name, (least, most))
            self.ranges[name] = (min(before[0], least), max(before[1], most))
        self.classes = self.classes + other.classes
        self.colour_bits |= other.colour_bits
        self.doubled &= other.doubled
        self.digest += other.digest

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values, floats exact."""
        return {
            "points": self.points,
            "lower": self.lower.tolist(),
            "upper": self.upper.tolist(),
            "ranges": {name: list(pair) for name, pair in self.ranges.items()},
            "classes": self.classes.tolist(),
            "colour_bits": self.colour_bits,
            "doubled": self.doubled,
            "digest": self.digest.to_json(),
        }

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Self:
        """Return what `to_json` gave."""
        return cls(
            points=held["points"],
            lower=np.array(held["lower"]),
            upper=np.array(held["upper"]),
            ranges={name: (least, most) for name, (least, most) in held["ranges"].items()},
            classes=np.array(held["classes"], np.int64),
            colour_bits=held["colour_bits"],
            doubled=held["doubled"],
            digest=Digest.from_json(held["digest"]),
        )
