"""Colours and intensities of points, by what they lie on."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from twin_pipeline.model import FloatArray
from twin_pipeline.synthetic.pipes import LaidPipe
from twin_pipeline.synthetic.texture import tile_at
from twin_pipeline.synthetic.truth import ObjectId

Colours = npt.NDArray[np.uint16]

SURFACES: dict[int, tuple[float, float, float]] = {
    ObjectId.OUTLIER: (0.45, 0.42, 0.38),
    ObjectId.PAVEMENT: (0.33, 0.33, 0.34),
    ObjectId.WALL: (0.42, 0.32, 0.22),
    ObjectId.FLOOR: (0.36, 0.27, 0.19),
    ObjectId.SAND: (0.66, 0.56, 0.40),
    ObjectId.SPOIL: (0.40, 0.30, 0.20),
    ObjectId.KERB: (0.62, 0.61, 0.58),
}
BODIES: dict[str, tuple[float, float, float]] = {
    "strut": (0.62, 0.20, 0.12),
    "wale": (0.60, 0.47, 0.30),
    "box": (0.20, 0.35, 0.60),
    "stone": (0.48, 0.46, 0.43),
    "cable": (0.75, 0.55, 0.08),
    "boots": (0.10, 0.11, 0.12),
    "plank": (0.66, 0.52, 0.33),
    "saddle": (0.30, 0.32, 0.36),
}
MATERIALS: dict[str | None, tuple[float, float, float]] = {
    "DIP": (0.13, 0.13, 0.14),
    "SP": (0.22, 0.16, 0.12),
    "HPPE": (0.10, 0.32, 0.66),
    "VP": (0.40, 0.42, 0.45),
    "SUS": (0.72, 0.73, 0.74),
    None: (0.35, 0.36, 0.38),
}
SLEEVE = (0.55, 0.66, 0.72)
STEEL_PILE = (0.36, 0.27, 0.22)
ASPHALT = (0.16, 0.16, 0.17)
TAPE = (0.08, 0.22, 0.70)
ASPHALT_DEPTH_M = 0.10
TAPE_SPACING_M = 2.0
TAPE_WIDTH_M = 0.08
PATCH_M = 1.3


def surface_colour(object_id: int, names: Mapping[int, str]) -> tuple[float, float, float]:
    """Colour from 0 to 1 of anything but a pipe."""
    if object_id in SURFACES:
        return SURFACES[object_id]
    return BODIES[names[object_id]]


def pipe_colours(pipe: LaidPipe, hits: FloatArray) -> FloatArray:
    """(N, 3) colours from 0 to 1 of points on a pipe: its material, its sleeve, its marking tape.

    Japanese water pipes carry a blue tape around the barrel every two metres.
    """
    base = SLEEVE if pipe.spec.sleeve_fold_m > 0 else MATERIALS.get(pipe.spec.material)
    colours = np.tile(base or MATERIALS[None], (len(hits), 1))
    chainage = pipe.route.project(hits)[0]
    if pipe.spec.material == "DIP":
        colours[(chainage % TAPE_SPACING_M) < TAPE_WIDTH_M] = TAPE
    return colours


def shade(
    colours: FloatArray,
    hits: FloatArray,
    depth_m: FloatArray,
    tile: FloatArray,
    rng: np.random.Generator,
) -> Colours:
    """16-bit colours: patches, grain, and less light deeper in the trench."""
    u, v = hits[:, 0] / PATCH_M, (hits[:, 1] + 0.8 * hits[:, 2]) / PATCH_M
    patches = 1 + 0.10 * tile_at(tile, u, v)
    grain = 1 + 0.04 * rng.standard_normal(len(hits))
    light = 1 - 0.3 * np.clip(depth_m / 1.5, 0.0, 1.0)
    shaded = colours * (patches * grain * light)[:, None]
    return _sixteen_bit(shaded)


def intensity(
    colours: FloatArray, cos_incidence: FloatArray, range_m: FloatArray, rng: np.random.Generator
) -> Colours:
    """16-bit intensities: bright surfaces seen squarely from near return most."""
    albedo = 0.15 + 0.85 * colours.mean(axis=1)
    power = albedo * np.clip(cos_incidence, 0.02, 1.0) ** 0.7 / (1 + (range_m / 4) ** 2)
    speckle = 1 + 0.05 * rng.standard_normal(len(power))
    return _sixteen_bit(0.8 * power * speckle)


def _sixteen_bit(values: FloatArray) -> Colours:
    """Values from 0 to 1 as the 16-bit record of 8-bit sensors, the usual upper byte."""
    return np.asarray(np.clip(np.rint(values * 255), 0, 255) * 256, dtype=np.uint16)
