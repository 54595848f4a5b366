"""Tell tubes that are pipes from walls, floors, edges and heaps that were mistaken for tubes."""

import math

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray

_WIDE_ARC_DEG = 100.0
_FACES_DOWN = -0.3
_SECTOR_DEG, _EVEN = 10.0, 1.5
_SHAPE_OF_BULGE = 0.25
_FAINT_STD, _FAINT_DIAMETERS = 0.1, 1.5
"""Relative std of the radius up to which, and length in diameters from which on, a tube may be a
piece of one that is known better."""
_VERY_LONG = 4.0
"""Of the length that makes up for noise: soil curves over so much of it one way and the other."""
_CLEARLY = 1.25
"""How many times the largest misfit is beyond doubt."""

_SLICES_TELL, _BY_CHANCE = 4, 2.0
"""Slices from which on their inflation is known, and how many of its stds are chance."""

_BRANCH_M, _BRANCH_DIAMETERS = 0.18, 1.5
_BRANCH_ARC_DEG, _BRANCH_PLANE_RATIO, _BRANCH_STD = 90.0, 1.6, 0.07
"""What a branch must show to be believed for less length than other tubes."""
_TEE_DIAMETERS, _TEE_STD = 0.9, 0.01
"""Length of a branch that is round beyond doubt, and relative std of its radius up to which it is:
of a large tee a trench shows no more."""


class JudgeOptions(BaseModel):
    """What a tube must show to be believed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_diameter_m: float = Field(
        0.036, gt=0.0, description="thinnest pipe; hoses and cables are thinner, metres"
    )
    min_length_m: float = Field(0.3, gt=0.0, description="shortest observed length, metres")
    min_length_diameters: float = Field(
        2.5, gt=0.0, description="shortest observed length, in outer diameters"
    )
    min_arc_deg: float = Field(55.0, gt=0.0, description="least arc of a tube seen from above")
    min_arc_sideways_deg: float = Field(
        65.0, gt=0.0, description="least arc of a tube seen from the side or from below"
    )
    max_halo: float = Field(
        0.3,
        gt=0.0,
        description="most surface going on beyond a tube seen from the side or below, ratio",
    )
    max_halo_above: float = Field(
        0.9, gt=0.0, description="the same for a tube seen from above, which bedding may adjoin"
    )
    max_misfit: float = Field(
        0.25, gt=0.0, description="largest non-circular shape, ratio to noise"
    )
    max_misfit_faint: float = Field(
        0.14, gt=0.0, description="the same for arcs below 100 degrees and nearly flat ones"
    )
    round_plane_ratio: float = Field(
        5.0, gt=1.0, description="advantage over a plane from which a wide arc is not nearly flat"
    )
    min_plane_ratio: float = Field(
        1.3, gt=1.0, description="least advantage of the tube over a plane, ratio of variances"
    )
    narrow_arc_deg: float = Field(
        75.0, gt=0.0, description="arc below which a tube must be far from flat, degrees"
    )
    min_plane_ratio_narrow: float = Field(
        2.5, gt=1.0, description="least advantage over a plane of so narrow an arc"
    )
    max_radius_std_narrow: float = Field(
        0.02, gt=0.0, description="largest relative std of the radius of so narrow an arc, ratio"
    )
    clear_plane_ratio: float = Field(
        2.0, gt=1.0, description="advantage over a plane that makes a wide arc clear"
    )
    max_radius_std_faint: float = Field(
        0.03, gt=0.0, description="largest relative std of the radius where it is not, ratio"
    )
    max_stand_off_m: float = Field(
        0.006, gt=0.0, description="most that a sleeve stands off its barrel; soil is rougher"
    )
    min_purity: float = Field(0.7, gt=0.0, lt=1.0, description="least share of points that fit")
    max_inflation: float = Field(
        15.0,
        gt=1.0,
        description="largest variation of the radius along the tube, ratio of variances to noise",
    )
    max_inflation_faint: float = Field(
        4.0, gt=1.0, description="the same for arcs below 100 degrees, as soil has"
    )
    max_inflation_round: float = Field(
        40.0, gt=1.0, description="the same for what is round beyond doubt, as drift may bend it"
    )
    long_m: float = Field(
        2.5, gt=0.0, description="seen length that makes up for noise that hides the curve, metres"
    )
    long_diameters: float = Field(12.0, gt=0.0, description="the same in outer diameters")
    max_misfit_long: float = Field(
        0.1, gt=0.0, description="largest non-circular shape that is made up for, ratio to noise"
    )
    max_radius_std_long: float = Field(
        0.05,
        gt=0.0,
        description="largest relative std of the radius of what is long and even as no soil is",
    )
    max_radius_std_long_narrow: float = Field(
        0.035, gt=0.0, description="the same for arcs below `narrow_arc_deg`"
    )
    max_radius_std_very_long: float = Field(
        0.04, gt=0.0, description="the same for wider arcs, even or not, of four times that length"
    )
    max_shape_std_m: float = Field(
        0.0005,
        gt=0.0,
        description="how well the mean of ten degrees is known where soil would show, metres",
    )
    max_radius_scatter: float = Field(
        0.12, gt=0.0, description="largest scatter of the radius along the tube, ratio"
    )


def why_not_a_pipe(
    tube: Tube, options: JudgeOptions, *, under_open_sky: bool = False
) -> str | None:
    """Return what speaks against a tube being a pipe, None where nothing does.

    Under the open sky, as in an excavation, nothing is scanned from below: what shows the inside
    of its lower half is a hollow.
    """
    seen_m = tube.length_m * float(tube.observed.mean())
    needed_m = max(options.min_length_m, options.min_length_diameters * 2.0 * tube.radius_m)
    arc_deg = float(np.median(tube.arc_deg[tube.observed]))
    from_above = tube.middle[2] > 0.3
    scatter = _radius_scatter(tube) if _scatters(tube) else 0.0
    max_halo = options.max_halo_above if from_above else options.max_halo
    wide = arc_deg >= _WIDE_ARC_DEG
    is_round = _is_round(tube, arc_deg, options)
    max_misfit = options.max_misfit if is_round else options.max_misfit_faint
    min_arc = options.min_arc_deg if from_above else options.min_arc_sideways_deg
    narrow = arc_deg < options.narrow_arc_deg
    min_plane_ratio = _min_plane_ratio(arc_deg, options)
    long_m = max(options.long_m, options.long_diameters * 2.0 * tube.radius_m)
    clear = wide and tube.plane_ratio >= options.clear_plane_ratio
    max_std = _max_radius_std(arc_deg, options, clear=clear)
    if seen_m >= long_m and tube.misfit <= _max_misfit_long(tube, options) and arc_deg >= min_arc:
        # the radius' own std, of so many points, tells a curve from a plane
        min_plane_ratio = 1.0
        even = _as_even_as_no_soil(tube, arc_deg, options)
        if even and (not narrow or _known_without_edges(tube, options)):
            long_std = options.max_radius_std_long_narrow if narrow else options.max_radius_std_long
            max_std = max(max_std, long_std)
        if not narrow and seen_m >= _VERY_LONG * long_m:
            max_std = max(max_std, options.max_radius_std_very_long)
    undoubted = is_round and tube.misfit <= options.max_misfit_faint
    max_inflation = options.max_inflation if wide else options.max_inflation_faint
    max_inflation = options.max_inflation_round if undoubted else max_inflation
    checks = (
        (not under_open_sky or tube.middle[2] > _FACES_DOWN, "hollow, its lower half is seen"),
        (
            2.0 * tube.radius_m >= options.min_diameter_m,
            f"{2000.0 * tube.radius_m:.0f} mm is thinner than a pipe",
        ),
        (seen_m >= needed_m, f"seen over {seen_m:.2f} m only"),
        (arc_deg >= min_arc, f"arc of {arc_deg:.0f} degrees"),
        (tube.halo <= max_halo, f"surface goes on, halo {tube.halo:.2f}"),
        (tube.misfit <= max_misfit, f"not round, misfit {tube.misfit:.2f}"),
        (tube.plane_ratio >= min_plane_ratio, f"flat, ratio {tube.plane_ratio:.2f}"),
        (tube.purity >= options.min_purity, f"purity {tube.purity:.2f}"),
        (scatter <= options.max_radius_scatter, f"radius scatters by {100 * scatter:.0f} %"),
        (tube.inflation <= max_inflation, f"radius varies, {tube.inflation:.0f} x noise"),
        (tube.radius_std_m <= max_std * tube.radius_m, "radius not determined"),
        (
            tube.stand_off_m <= options.max_stand_off_m,
            f"surface stands off by {1000.0 * tube.stand_off_m:.0f} mm, as soil does",
        ),
    )
    return next((reason for passed, reason in checks if not passed), None)


def _known_without_edges(tube: Tube, options: JudgeOptions) -> bool:
    """Tell whether the radius is much the same without the edges of the arc, as no ridge's is."""
    known_m = math.hypot(tube.radius_std_m, tube.doubt_std_m)
    return known_m <= options.max_radius_std_long * tube.radius_m


def why_not_a_branch(
    tube: Tube, options: JudgeOptions, *, under_open_sky: bool = False
) -> str | None:
    """Return what speaks against what leaves a pipe being another, None where nothing does.

    Of a branch a trench shows little. Where it begins is no chance, so it may be shorter than what
    lies anywhere; it has to be the rounder, as a stone beside the pipe is short, too.
    """
    arc_deg = float(np.median(tube.arc_deg[tube.observed]))
    certain = _is_round(tube, arc_deg, options) and tube.radius_std_m <= _TEE_STD * tube.radius_m
    diameters = _TEE_DIAMETERS if certain else _BRANCH_DIAMETERS
    short = options.model_copy(
        update={
            "min_length_m": min(_BRANCH_M, options.min_length_m),
            "min_length_diameters": min(diameters, options.min_length_diameters),
            "max_misfit": options.max_misfit_faint,
            "max_inflation": options.max_inflation_faint,
            "max_inflation_round": options.max_inflation_faint,
            "min_arc_deg": _BRANCH_ARC_DEG,
            "min_plane_ratio": _BRANCH_PLANE_RATIO,
            "clear_plane_ratio": _BRANCH_PLANE_RATIO,
        }
    )
    if tube.radius_std_m > _BRANCH_STD * tube.radius_m:
        return "radius not determined"
    return why_not_a_pipe(tube, short, under_open_sky=under_open_sky)


def may_yet_be_one(tube: Tube, options: JudgeOptions, *, under_open_sky: bool = False) -> bool:
    """Tell whether a longer piece might show a pipe: nothing speaks against it but too few points.

    Noise hides the curve of a short piece; it does not make it uneven or face the wrong way.
    """
    return (
        (not under_open_sky or tube.middle[2] > _FACES_DOWN)
        and tube.misfit <= options.max_misfit
        and tube.purity >= options.min_purity
    )


def is_no_circle(tube: Tube, options: JudgeOptions) -> bool:
    """Tell whether a tube is clearly not round, or not round and flat, too.

    More points would tell the noise, and a step of the radius, better; this they do not mend. Of
    what is wide and far from flat the scan may show two surfaces, which its drift explains.
    """
    arc_deg = float(np.median(tube.arc_deg[tube.observed]))
    if _is_round(tube, arc_deg, options):
        return False
    flat = tube.plane_ratio < _min_plane_ratio(arc_deg, options)
    return tube.misfit > options.max_misfit_faint * (1.0 if flat else _CLEARLY)


def is_faint(tube: Tube, options: JudgeOptions, *, under_open_sky: bool = False) -> bool:
    """Tell whether nothing speaks against a tube but that its radius or too little of it is known.

    On its own that is not enough: soil may look so. Where a pipe of this size points at it, it is.
    """
    lenient = options.model_copy(
        update={
            "max_radius_std_narrow": _FAINT_STD,
            "max_radius_std_faint": _FAINT_STD,
            "min_length_diameters": min(_FAINT_DIAMETERS, options.min_length_diameters),
        }
    )
    return why_not_a_pipe(tube, lenient, under_open_sky=under_open_sky) is None


def shows_a_wide_arc(tube: Tube) -> bool:
    """Tell whether more of a circumference is seen than a ridge of soil looks like."""
    return float(np.median(tube.arc_deg[tube.observed])) >= _WIDE_ARC_DEG


def _is_round(tube: Tube, arc_deg: float, options: JudgeOptions) -> bool:
    return arc_deg >= _WIDE_ARC_DEG and tube.plane_ratio >= options.round_plane_ratio


def _min_plane_ratio(arc_deg: float, options: JudgeOptions) -> float:
    narrow = arc_deg < options.narrow_arc_deg
    return options.min_plane_ratio_narrow if narrow else options.min_plane_ratio


def _as_even_as_no_soil(tube: Tube, arc_deg: float, options: JudgeOptions) -> bool:
    """Tell whether a long and round tube would show it if it were soil.

    Soil is rough by millimetres in patches of a decimetre, which do not cancel out over a few
    metres.
    """
    per_sector = tube.points_used / (arc_deg / _SECTOR_DEG)
    shape_std_m = tube.noise_m / math.sqrt(per_sector)
    return shape_std_m <= options.max_shape_std_m and tube.inflation <= _EVEN


def _max_misfit_long(tube: Tube, options: JudgeOptions) -> float:
    """Return the largest non-circular shape that length makes up for, ratio to noise.

    It must be little of what the tube bulges out of a plane: a thin pipe with the soil that lies at
    its flanks bulges, too, yet no circle's radius is what both show.
    """
    bulge = math.sqrt(max(tube.plane_ratio - 1.0, 0.0))
    return min(options.max_misfit_long, _SHAPE_OF_BULGE * bulge)


def _max_radius_std(arc_deg: float, options: JudgeOptions, *, clear: bool) -> float:
    if arc_deg < options.narrow_arc_deg:
        return options.max_radius_std_narrow
    return 0.1 if clear else options.max_radius_std_faint


def _scatters(tube: Tube) -> bool:
    """Tell whether the radii of slices scatter more than they do by chance, where they can tell.

    Of few points each slice's radius is known to some per cent alone.
    """
    slices = len(_slice_radii(tube))
    by_chance = 1.0 + _BY_CHANCE * math.sqrt(2.0 / max(slices - 1, 1))
    return slices < _SLICES_TELL or tube.inflation > by_chance


def _radius_scatter(tube: Tube) -> float:
    values = _slice_radii(tube)
    if len(values) < 3:
        return 0.0
    return 1.4826 * float(np.median(np.abs(values - np.median(values)))) / tube.radius_m


def _slice_radii(tube: Tube) -> FloatArray:
    return np.unique(tube.slice_radius_m[np.isfinite(tube.slice_radius_m)])
