"""Swept solids are closed, keep their section, and stand upright where they should."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from twin_pipeline.geometry.polyline import simplified
from twin_pipeline.geometry.sweep import circle, square, swept

LINES = {
    "straight": [[0, 0, 0], [5, 1, 0.2]],
    "bends": [[0, 0, 0], [5, 0, 0.1], [5, 5, 0.1], [5, 5, 5], [9, 8, 5]],
    "vertical": [[0, 0, 0], [0, 0, 3]],
    "doubled vertex": [[0, 0, 0], [2, 0, 0], [2, 0, 0], [4, 1, 0]],
}


def volume(solid):
    corners = (solid.positions - solid.positions.mean(axis=0))[solid.triangles]
    return (
        float(np.einsum("ti,ti->t", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum())
        / 6
    )


def distances(points, start, end):
    along = end - start
    share = np.clip((points - start) @ along / (along @ along), 0.0, 1.0)
    return np.linalg.norm(points - start - share[:, None] * along, axis=1)


def area(section):
    east, up = section.T
    return 0.5 * float(east @ np.roll(up, -1) - up @ np.roll(east, -1))


@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.parametrize("section", [circle(0.1, 24), square(0.1)])
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_it_is_closed_and_has_the_volume_of_section_times_length(line, section, upright):
    line = np.array(line, dtype=float)
    solid = swept(line, section, upright=upright)
    edges = Counter(
        edge for a, b, c in solid.triangles.tolist() for edge in ((a, b), (b, c), (c, a))
    )
    assert all(count == 1 and edges[edge[::-1]] == 1 for edge, count in edges.items())
    length = np.linalg.norm(np.diff(line, axis=0), axis=1).sum()
    assert volume(solid) == pytest.approx(area(section) * length, rel=2e-3)


def test_an_upright_square_has_level_edges():
    solid = swept(np.array([[0.0, 0, 0], [4, 0, 0.2], [6, 3, 0.1]]), square(0.1), upright=True)
    for left_low, right_low, right_high, left_high in solid.positions.reshape(3, 4, 3)[[0, 2]]:
        assert left_low[2] == pytest.approx(right_low[2], abs=1e-12)
        assert left_high[2] == pytest.approx(right_high[2], abs=1e-12)
        assert left_high[2] - left_low[2] == pytest.approx(0.2, rel=2e-3)


def test_a_line_without_length_is_refused():
    with pytest.raises(ValueError, match="two vertices"):
        swept(np.zeros((3, 3)), square(0.1))


def test_simplified_lines_stay_within_the_tolerance():
    at = np.linspace(0.0, 2.0, 400)
    line = np.column_stack((at, np.where(at > 1, 0.5 * (at - 1) ** 2, 0.0), 0.1 * at))
    kept = simplified(line, 0.0005)
    assert len(kept) < 40
    assert kept[0].tolist() == line[0].tolist()
    assert kept[-1].tolist() == line[-1].tolist()
    away = np.min([distances(line, a, b) for a, b in pairwise(kept)], axis=0)
    assert away.max() <= 0.0005 + 1e-12
