"""Decide the nominal diameter from the measured one and the catalogue."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from twin_pipeline.catalogue import Catalogue, PipeSize


class NominalOptions(BaseModel):
    """Options of the decision."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    material: str | None = Field(
        None, description="DIP, SP, HPPE, VP or SUS for all pipes of the run; none = not known"
    )
    min_probability: float = Field(
        0.95, gt=0.5, lt=1.0, description="least posterior of a stated nominal diameter"
    )
    size_tolerance: float = Field(
        0.005, gt=0.0, description="1 sigma of real pipes around the catalogue, ratio"
    )
    coating_std_m: float = Field(
        0.0008, ge=0.0, description="1 sigma of coating, sleeve and dirt on the diameter, metres"
    )


@dataclass(frozen=True, slots=True)
class Nominal:
    """A decision with its posterior."""

    diameter_mm: int | None
    probability: float | None
    explanation: str | None
    """The best candidates, where the data can't decide."""


_NOT_IN_CATALOGUE = -0.5 * 4.0**2
"""Log likelihood, relative to a perfect match, of a pipe that the catalogue lacks."""


def decide_nominal(
    outer_diameter_m: float, std_m: float, catalogue: Catalogue, options: NominalOptions
) -> Nominal:
    """Return the nominal diameter whose posterior is high enough, else the candidates.

    Sizes of the material given, or of all materials, are equally likely beforehand; the measured
    diameter is normal around the catalogue's, with the measurement's std and the pipes' own
    tolerance; a pipe that is in no catalogue is as likely as one four sigma off.
    """
    sizes = catalogue.sizes(options.material)
    by_nominal = _posterior(outer_diameter_m, std_m, sizes, options)
    ranked = sorted(by_nominal.items(), key=lambda item: (-item[1], item[0]))
    best_mm, probability = ranked[0]
    if probability >= options.min_probability:
        return Nominal(best_mm, probability, None)
    if sum(by_nominal.values()) < 0.5:
        of = options.material or "any material"
        return Nominal(None, None, f"{1000 * outer_diameter_m:.1f} mm is no outer diameter of {of}")
    candidates = " or ".join(f"DN{mm} ({100 * p:.0f} %)" for mm, p in ranked[:2])
    return Nominal(None, probability, f"nominal diameter open: {candidates}")


def _posterior(
    diameter_m: float, std_m: float, sizes: Sequence[PipeSize], options: NominalOptions
) -> dict[int, float]:
    likelihood: dict[int, float] = {}
    total = math.exp(_NOT_IN_CATALOGUE)
    for size in sizes:
        tolerance = options.size_tolerance * size.outer_diameter_m
        spread = math.sqrt(std_m**2 + tolerance**2 + options.coating_std_m**2)
        weight = math.exp(-0.5 * ((diameter_m - size.outer_diameter_m) / spread) ** 2)
        nominal = size.nominal_diameter_mm
        likelihood[nominal] = max(likelihood.get(nominal, 0.0), weight)
    total += sum(likelihood.values())
    return {nominal: weight / total for nominal, weight in likelihood.items()}
