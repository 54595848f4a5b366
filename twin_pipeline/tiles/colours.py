"""How scans code brightness, and how vertices hold it: as linear light that tells the code."""

from collections.abc import Mapping
from enum import Enum
from functools import cache

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels.colour import OPAQUE, easily_packed
from twin_pipeline.tiles.pointset import COLOURS, Records

WIDEST = 127
"""A vertex's light is at most this far, of 65,535, from that of its code: half of what 8 bits
of linear light would round."""

Light = npt.NDArray[np.uint16]


class ColourCode(Enum):
    """What the 16 bits of a LAS colour hold; the value is the code of one 8-bit step, or none."""

    LOW_BYTE = 1
    """8 bits as they are: no point of the whole file exceeds 255."""
    HIGH_BYTE = 256
    """8 bits in the upper byte: no low byte of the whole file is set."""
    BOTH_BYTES = 257
    """8 bits in both bytes, so that white is 65,535."""
    SIXTEEN_BITS = 0

    @classmethod
    def of(cls, bits: int, *, doubled: bool) -> "ColourCode":
        """Tell by the bits that are set in any colour, and whether both bytes are always alike."""
        if bits < 256:
            return cls.LOW_BYTE
        if bits & 255 == 0:
            return cls.HIGH_BYTE
        return cls.BOTH_BYTES if doubled else cls.SIXTEEN_BITS

    @property
    def exact_in_vertices(self) -> bool:
        """Whether a vertex's linear light tells the code."""
        return self is not ColourCode.SIXTEEN_BITS


def light_of(attributes: Records, code: ColourCode) -> Light:
    """Return (N, 4) uint16, linear light and opacity of records with colours."""
    if code is ColourCode.SIXTEEN_BITS:
        light = np.full((len(attributes), 4), OPAQUE, np.uint16)
        for channel, name in enumerate(COLOURS):
            light[:, channel] = linear_light()[attributes[name]]
        return light
    return easily_packed(eight_bits(attributes, code), *_ranges())


def eight_bits(attributes: Records, code: ColourCode) -> npt.NDArray[np.uint8]:
    """Return (N, 3) uint8 sRGB colours; of 16 bits the upper ones."""
    shift = 0 if code is ColourCode.LOW_BYTE else 8
    eight = np.empty((len(attributes), 3), np.uint8)
    for channel, name in enumerate(COLOURS):
        np.right_shift(attributes[name], shift, out=eight[:, channel], casting="unsafe")
    return eight


def eight_bits_of(columns: Mapping[str, npt.NDArray[np.uint16]]) -> npt.NDArray[np.uint8]:
    """Return (N, 3) the upper bytes of 16-bit colours, (N,) by name."""
    return np.stack([columns[name] >> 8 for name in COLOURS], axis=1).astype(np.uint8)


def codes_of(light: Light, code: ColourCode) -> npt.NDArray[np.uint16]:
    """Return the file's (N, 3) codes that an 8-bit `code` and light (N, 3 or 4) stand for."""
    eight: npt.NDArray[np.uint16] = nearest_codes()[light[:, :3]]
    return eight * np.uint16(code.value)


@cache
def linear_light() -> Light:
    """Return (65536,) the linear light, 0 ... 65535, of each 16-bit sRGB code; IEC 61966-2-1."""
    return np.asarray(np.rint(_decoded(np.arange(65536) / 65535) * 65535), dtype=np.uint16)


@cache
def nearest_codes() -> npt.NDArray[np.uint16]:
    """Return (65536,) the 8-bit sRGB code nearest to each linear light."""
    linear = np.arange(65536) / 65535
    code = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(code * 255), dtype=np.uint16)


@cache
def _ranges() -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return the (256,) least and greatest linear light that stand for each 8-bit code."""
    codes = np.arange(256)
    exact = _decoded(codes / 255) * 65535
    least = np.searchsorted(nearest_codes(), codes, "left")
    most = np.searchsorted(nearest_codes(), codes, "right") - 1
    # One unit inside, so that a reader that rounds otherwise finds the same code.
    least = np.maximum(least + (codes > 0), np.ceil(exact - WIDEST))
    most = np.minimum(most - (codes < 255), np.floor(exact + WIDEST))
    return least.astype(np.int32), most.astype(np.int32)


def _decoded(code: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
