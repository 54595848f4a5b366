"""Control points of a trench, and scanners' frames of their own."""

import numpy as np
from scipy.spatial.transform import Rotation

SITE = np.array([-12790.0, -34397.0, 36.0])
# Around a trench of 22 m, on the pavement and on a wall.
TARGETS = SITE + np.array(
    [[-11, -4, 1.2], [11, 4, 1.1], [-10, 4, 1.3], [10, -3.5, 0.9], [0, 4, 2.4], [1, -4, 1.0]]
)


def with_first_off(offset):
    """Return the control points, the first of them off by (3,) metres."""
    wrong = TARGETS.copy()
    wrong[0] += offset
    return wrong


def scanner_frame(angles_deg=(33.0, 2.0, -1.5), shift=(5.0, 3.0, 1.0)):
    """Return a function from the site's coordinates to a scanner's own."""
    rotation = Rotation.from_euler("ZYX", angles_deg, degrees=True).as_matrix()
    return lambda xyz: (np.asarray(xyz) - SITE) @ rotation + np.array(shift)


def write_targets(path, known, seen, header=None, extra=None):
    names = header or "name,easting,northing,elevation,scan_x,scan_y,scan_z"
    rows = [names]
    for number, (there, here) in enumerate(zip(known, seen, strict=True), start=1):
        cells = [f"T{number}", *(f"{value:.4f}" for value in (*there, *here))]
        rows.append(",".join([*cells, *(extra[number - 1] if extra else [])]))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path
