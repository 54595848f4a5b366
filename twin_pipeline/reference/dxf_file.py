"""Lines out of DXF: polylines, lines, arcs and splines, those that touch joined."""

from collections import defaultdict
from pathlib import Path

import numpy as np

from twin_pipeline.errors import InputError
from twin_pipeline.model import FloatArray
from twin_pipeline.reference.lines import FileLine, FileLines

_KINDS = {"LINE", "LWPOLYLINE", "POLYLINE", "ARC", "SPLINE"}
_METRES = {0: 1.0, 4: 0.001, 5: 0.01, 6: 1.0}
"""By $INSUNITS: none, millimetres, centimetres, metres."""
_CHORD_M = 0.001
_TOUCH_M = 0.001


def read_dxf_lines(path: Path) -> FileLines:
    """Read the model space; each layer's pieces that touch become one line, named after it.

    Raises
    ------
    InputError
        When the file is no DXF, or in units that are not metric.
    """
    from ezdxf.disassemble import recursive_decompose
    from ezdxf.filemanagement import readfile
    from ezdxf.lldxf.const import DXFError
    from ezdxf.path import make_path

    try:
        drawing = readfile(path)
    except (DXFError, UnicodeDecodeError, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InputError(f"{path}: is no DXF file that can be read ({error})") from error
    units = int(drawing.header.get("$INSUNITS", 0))
    if units not in _METRES:
        raise InputError(f"{path}: its units ($INSUNITS = {units}) are not metric; save it in m")
    scale = _METRES[units]
    pieces: dict[str, list[FloatArray]] = defaultdict(list)
    for entity in recursive_decompose(drawing.modelspace()):
        if entity.dxftype() not in _KINDS or getattr(entity, "is_poly_face_mesh", False):
            continue
        corners = make_path(entity).flattening(_CHORD_M / scale)
        vertices = np.array([tuple(corner) for corner in corners])
        if len(vertices) > 1:
            pieces[entity.dxf.layer].append(_levelled(vertices))
    lines = (FileLine(n, line) for n, held in pieces.items() for line in chained(held, scale))
    # drawings in metres often carry the millimetres of their template
    return FileLines(tuple(lines), scales=tuple(dict.fromkeys((scale, 1.0))))


def _levelled(vertices: FloatArray) -> FloatArray:
    """Return (K, 2) for what lies at elevation zero, which drawings have where they have none."""
    return vertices if vertices[:, 2].any() else vertices[:, :2]


def chained(pieces: list[FloatArray], scale: float = 1.0) -> list[FloatArray]:
    """Join pieces that share an end, each in the direction of the first; `scale` makes metres."""
    waiting = list(pieces)
    lines = []
    while waiting:
        line = waiting.pop(0)
        while (joined := _lengthened(line, waiting, _TOUCH_M / scale)) is not None:
            line = joined
        lines.append(line)
    return lines


def _lengthened(line: FloatArray, waiting: list[FloatArray], touch: float) -> FloatArray | None:
    for number, piece in enumerate(waiting):
        if piece.shape[1] != line.shape[1]:
            continue
        for other in (piece, piece[::-1]):
            if np.linalg.norm(line[-1] - other[0]) <= touch:
                del waiting[number]
                return np.concatenate((line, other[1:]))
            if np.linalg.norm(other[-1] - line[0]) <= touch:
                del waiting[number]
                return np.concatenate((other[:-1], line))
    return None
