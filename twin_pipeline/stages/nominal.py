"""Decide the nominal diameter from the measured one and the catalogue."""

import math
from collections.abc import Mapping, Sequence
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


_NOT_IN_CATALOGUE = math.exp(-0.5 * 4.0**2)
"""Likelihood, relative to a perfect match, of a pipe that the catalogue lacks."""

_OTHER_MATERIAL = 0.01
"""The same of a size of another material than the one given, beforehand."""

_ALSO = 0.05
"""Likelihood, relative to the best candidate's, from which on another is named beside it."""


def decide_nominal(
    outer_diameter_m: float, std_m: float, catalogue: Catalogue, options: NominalOptions
) -> Nominal:
    """Return the nominal diameter whose posterior is high enough, else the candidates.

    Sizes of the material given, or of all materials, are equally likely beforehand; the measured
    diameter is normal around the catalogue's, with the measurement's std and the pipes' own
    tolerance; a pipe that is in no catalogue is as likely as one four sigma off. Where the sizes
    of other materials fit so much better that the one given is likelier wrong, none is stated.
    """

    def likelihoods(sizes: Sequence[PipeSize]) -> dict[PipeSize, float]:
        return {s: _likelihood(outer_diameter_m, std_m, s, options) for s in sizes}

    given = likelihoods(catalogue.sizes(options.material))
    others = likelihoods([size for size in catalogue.sizes() if size not in given])
    fitting, otherwise = _by_nominal(given), _OTHER_MATERIAL * max(others.values(), default=0.0)
    total = sum(fitting.values()) + otherwise + _NOT_IN_CATALOGUE
    ranked = sorted(
        ((mm, weight / total) for mm, weight in fitting.items()), key=lambda p: (-p[1], p[0])
    )
    best_mm, probability = ranked[0]
    if probability >= options.min_probability:
        return Nominal(best_mm, probability, None)
    if otherwise > 0.5 * total:
        return Nominal(None, None, _of_another_material(outer_diameter_m, given, others))
    if sum(fitting.values()) < 0.5 * total:
        of = options.material or "any material"
        return Nominal(None, None, f"{1000 * outer_diameter_m:.1f} mm is no outer diameter of {of}")
    return Nominal(None, probability, f"nominal diameter open: {_candidates(ranked, options)}")


def _candidates(ranked: Sequence[tuple[int, float]], options: NominalOptions) -> str:
    """Return the best two in words, and that it is neither where that is likelier than the second.

    `ranked` holds nominal diameters (mm) and their probabilities, the likeliest first.
    """
    best = ranked[:2]
    named = " or ".join(f"DN{mm} ({100 * p:.0f} %)" for mm, p in best)
    none = 1.0 - sum(p for _, p in ranked)
    if none <= best[-1][1]:
        return named
    return f"{named}, or no size of {options.material or 'the catalogue'} ({100 * none:.0f} %)"


def _likelihood(diameter_m: float, std_m: float, size: PipeSize, options: NominalOptions) -> float:
    tolerance = options.size_tolerance * size.outer_diameter_m
    variance = std_m**2 + tolerance**2 + options.coating_std_m**2
    return math.exp(-0.5 * (diameter_m - size.outer_diameter_m) ** 2 / variance)


def _by_nominal(likelihoods: Mapping[PipeSize, float]) -> dict[int, float]:
    """Return the likelihood of each nominal diameter, whatever the material."""
    best: dict[int, float] = {}
    for size, weight in likelihoods.items():
        best[size.nominal_diameter_mm] = max(best.get(size.nominal_diameter_mm, 0.0), weight)
    return best


def _of_another_material(
    diameter_m: float, given: Mapping[PipeSize, float], others: Mapping[PipeSize, float]
) -> str:
    own = min(given, key=lambda size: abs(size.outer_diameter_m - diameter_m))
    ranked = sorted(others, key=lambda size: (-others[size], size.material))[:2]
    likely = [size for size in ranked if others[size] > _ALSO * others[ranked[0]]]
    fitting = " or ".join(f"{size.material} DN{size.nominal_diameter_mm}" for size in likely)
    has = f"DN{own.nominal_diameter_mm} has {1000 * own.outer_diameter_m:.1f} mm"
    measured = f"{1000 * diameter_m:.1f} mm"
    return f"{measured} fits {fitting}, not {own.material} ({has}): check the material"
