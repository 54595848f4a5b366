"""The figure of the levels of detail, as SVG."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from twin_pipeline.report.svg import Drawing

Floats = npt.NDArray[np.float64]

SIDE, GAP, TOP = 170, 14, 32
PATCH_M = 3.0
CHART = 260
WIDTH, HEIGHT = 4 * GAP + 3 * SIDE + CHART + 30, TOP + SIDE + 40
CURVES = {"tiles": "ours", "at random": "white", "one a voxel": "grid"}
"""CSS class of each sampling."""
HIGHEST_POWER = 3.0
STYLE = """
text { font: 12px sans-serif; fill: #333; }
.frame { fill: none; stroke: #999; }
.dots { stroke: #234; stroke-width: 1.7; stroke-linecap: round; }
.curve { fill: none; stroke-width: 1.8; }
.ours { stroke: #0a7d55; } .white { stroke: #999; } .grid { stroke: #d33; }
.middle { text-anchor: middle; } .end { text-anchor: end; }
"""


def draw(samples: Mapping[str, Floats], spectra: Mapping[str, Floats], steps: int) -> str:
    """Return the figure.

    Parameters
    ----------
    samples
        (N, 2) metres, by what they are.
    spectra
        Power by frequency, by what they are of; 1 is that of points at random.
    steps
        Of a spectrum for each mean frequency.
    """
    drawing = Drawing(
        WIDTH, HEIGHT, "Points of one level of detail, and the spectra of such points"
    )
    for number, (name, xy) in enumerate(samples.items()):
        left = GAP + number * (SIDE + GAP)
        near = xy[((xy >= 0) & (xy < PATCH_M)).all(axis=1)] * SIDE / PATCH_M
        drawing.rectangle((left, TOP), SIDE, SIDE, "frame")
        drawing.dots(np.add(near, (left, TOP)).tolist(), "dots")
        drawing.text((left + SIDE / 2, TOP - 10), name, "middle")
        drawing.text((left + SIDE / 2, TOP + SIDE + 18), f"{PATCH_M:.0f} m", "middle")
    _chart(drawing, spectra, steps)
    return drawing.document(STYLE)


def _chart(drawing: Drawing, spectra: Mapping[str, Floats], steps: int) -> None:
    left, bottom = 4 * GAP + 3 * SIDE + 20, TOP + SIDE
    drawing.rectangle((left, TOP), CHART, SIDE, "frame")
    drawing.text((left + CHART / 2, TOP - 10), "power by frequency", "middle")
    longest = max(map(len, spectra.values()))
    for power in range(int(HIGHEST_POWER) + 1):
        y = bottom - power / HIGHEST_POWER * SIDE
        drawing.text((left - 5, y + 4), str(power), "end")
    for frequency in range(longest // steps + 1):
        x = left + frequency * steps / longest * CHART
        drawing.text((x, bottom + 18), str(frequency), "middle")
    drawing.text((left + CHART / 2, bottom + 34), "in root of points an area", "middle")
    for number, (name, power) in enumerate(spectra.items()):
        css = CURVES[name]
        x = left + np.arange(2, len(power)) / longest * CHART
        y = bottom - np.minimum(power[2:], HIGHEST_POWER) / HIGHEST_POWER * SIDE
        drawing.polyline(np.column_stack((x, y)).tolist(), f"curve {css}")
        key = (GAP + number * (SIDE + GAP) + SIDE / 2 - 50, bottom + 30)
        drawing.polyline((key, (key[0] + 100, key[1])), f"curve {css}")
