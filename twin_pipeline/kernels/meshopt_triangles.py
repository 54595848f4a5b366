"""Lossless packing of triangles, as glTF's EXT_meshopt_compression mode TRIANGLES has it.

The stream (appendix A of the extension's text) is a header byte, a code a triangle, the data of
triangles that need more than a code, and a table of 16 bytes. A code names an edge of a triangle
shortly before and says how to find the third corner: the lowest number not used yet, one of the
last new corners, a number beside that written last, or one that is written. Triangles come back in
their order, each with its corners in theirs, but perhaps another one first.
"""

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]

_HEADER = 0xE1
_TABLE_BYTES = 16
_MOST_CODED = 16
"""Bytes that a triangle without a known edge takes: one that says so, and three numbers."""

_RING = 15
"""Mask of places in the two rings of 16 edges and corners seen last."""
_EDGES, _CORNERS, _TABLED = 15, 13, 14
"""How many of them a code can name: edges, third corners, corners of triangles without an edge."""

_BELOW, _ABOVE, _WRITTEN = 13, 14, 15
"""Codes of a corner: beside the one written last, and written."""
_ALL_NEXT, _FROM_NEXT, _ALL_WRITTEN = 0xF0, 0xFE, 0xFF
"""Codes of triangles without a known edge."""

_NEXT, _LAST, _EDGE_AT, _CORNER_AT, _DATA_AT = 0, 1, 2, 3, 4
"""Places in the state: next new number, the one written last, where rings and data go on."""

_jit = jit(cache=True, nogil=True)


@_jit
def encode(triangles: Words) -> Bytes:
    """Return the stream of `triangles`, (T, 3) uint32."""
    count = len(triangles)
    stream = np.zeros(1 + count + count * _MOST_CODED + _TABLE_BYTES, np.uint8)
    stream[0] = _HEADER
    edges, corners, state = np.full((16, 2), -1), np.full(16, -1), np.zeros(5, np.int64)
    state[_DATA_AT] = 1 + count
    triangle = np.empty(3, np.int64)
    for number in range(count):
        edge, first = _known_edge(edges, state, triangles[number])
        for corner in range(3):
            triangle[corner] = triangles[number, (first + corner) % 3]
        if edge >= 0:
            third = _put_third(triangle[2], corners, state, stream)
            stream[1 + number] = edge << 4 | third
        else:
            stream[1 + number] = _put_alone(triangle, corners, state, stream)
            _push_edge(edges, state, triangle[1], triangle[0])
        _push_edge(edges, state, triangle[2], triangle[1])
        _push_edge(edges, state, triangle[0], triangle[2])
    return stream[: state[_DATA_AT] + _TABLE_BYTES].copy()


@_jit
def decode(stream: Bytes, count: int) -> Words:
    """Return the (count, 3) uint32 triangles of a stream, or (0, 3) if it is damaged."""
    triangles, damaged = np.empty((count, 3), np.uint32), np.empty((0, 3), np.uint32)
    end = len(stream) - _TABLE_BYTES
    if end < 1 + count or stream[0] != _HEADER:
        return damaged
    edges, corners, state = np.full((16, 2), 0), np.full(16, 0), np.zeros(5, np.int64)
    state[_DATA_AT] = 1 + count
    triangle = np.empty(3, np.int64)
    for number in range(count):
        code = np.int64(stream[1 + number])
        if code < _ALL_NEXT:
            edge = edges[(state[_EDGE_AT] - 1 - (code >> 4)) & _RING]
            triangle[0], triangle[1] = edge[0], edge[1]
            triangle[2] = _take_third(code & 15, corners, state, stream)
        else:
            _take_alone(code, triangle, corners, state, stream)
            _push_edge(edges, state, triangle[1], triangle[0])
        if state[_DATA_AT] > end:
            return damaged
        _push_edge(edges, state, triangle[2], triangle[1])
        _push_edge(edges, state, triangle[0], triangle[2])
        for corner in range(3):
            triangles[number, corner] = triangle[corner]
    return triangles if state[_DATA_AT] == end else damaged


@_jit
def _known_edge(edges: Ints, state: Ints, triangle: Words) -> tuple[int, int]:
    """Return which edge seen before a triangle has and its first corner; -1 and its best start."""
    for edge in range(_EDGES):
        known = edges[(state[_EDGE_AT] - 1 - edge) & _RING]
        for first in range(3):
            if known[0] == triangle[first] and known[1] == triangle[(first + 1) % 3]:
                return edge, first
    for first in range(3):
        if triangle[first] == state[_NEXT]:
            return -1, first
    return -1, 0


@_jit
def _put_third(corner: int, corners: Ints, state: Ints, stream: Bytes) -> int:
    """Return the code of a triangle's third corner."""
    if corner == state[_NEXT]:
        state[_NEXT] += 1
        _push_corner(corners, state, corner)
        return 0
    for back in range(1, _CORNERS):
        if corners[(state[_CORNER_AT] - 1 - back) & _RING] == corner:
            return back
    _push_corner(corners, state, corner)
    if abs(corner - state[_LAST]) == 1:
        code = _ABOVE if corner > state[_LAST] else _BELOW
        state[_LAST] = corner
        return code
    _put_number(corner, state, stream)
    return _WRITTEN


@_jit
def _take_third(code: int, corners: Ints, state: Ints, stream: Bytes) -> int:
    """Return the corner of a code; the inverse of the above."""
    if 0 < code < _BELOW:
        return corners[(state[_CORNER_AT] - 1 - code) & _RING]
    if code == 0:
        corner = state[_NEXT]
        state[_NEXT] += 1
    elif code == _WRITTEN:
        corner = _take_number(state, stream)
    else:
        corner = state[_LAST] + (1 if code == _ABOVE else -1)
        state[_LAST] = corner
    _push_corner(corners, state, corner)
    return corner


@_jit
def _put_alone(triangle: Ints, corners: Ints, state: Ints, stream: Bytes) -> int:
    """Return the code of a triangle none of whose edges is known."""
    upcoming = state[_NEXT]
    if (triangle == np.arange(upcoming, upcoming + 3)).all():
        state[_NEXT] += 3
        for corner in triangle:
            _push_corner(corners, state, corner)
        return _ALL_NEXT
    code = _FROM_NEXT if triangle[0] == upcoming else _ALL_WRITTEN
    place = state[_DATA_AT]
    state[_DATA_AT] += 1
    if code == _FROM_NEXT:
        state[_NEXT] += 1
    else:
        _put_number(triangle[0], state, stream)
    if code == _FROM_NEXT:
        second = _put_one(triangle[1], corners, state, stream)
    else:
        # Two zeros would make the reader count from zero again, so the first is none.
        _put_number(triangle[1], state, stream)
        second = _WRITTEN
    third = _put_one(triangle[2], corners, state, stream)
    stream[place] = second << 4 | third
    _push_new(triangle, second, third, corners, state)
    return code


@_jit
def _put_one(corner: int, corners: Ints, state: Ints, stream: Bytes) -> int:
    if corner == state[_NEXT]:
        state[_NEXT] += 1
        return 0
    for back in range(_TABLED):
        if corners[(state[_CORNER_AT] - 1 - back) & _RING] == corner:
            return back + 1
    _put_number(corner, state, stream)
    return _WRITTEN


@_jit
def _take_alone(code: int, triangle: Ints, corners: Ints, state: Ints, stream: Bytes) -> None:
    """Fill in a triangle none of whose edges is known; the inverse of `_put_alone`."""
    if code < _FROM_NEXT:
        how = np.int64(stream[len(stream) - _TABLE_BYTES + (code & 15)])
    else:
        how = np.int64(stream[state[_DATA_AT]])
        state[_DATA_AT] += 1
        if how == 0:
            state[_NEXT] = 0
    if code == _ALL_WRITTEN:
        triangle[0] = _take_number(state, stream)
    else:
        triangle[0] = state[_NEXT]
        state[_NEXT] += 1
    triangle[1] = _take_one(how >> 4, corners, state, stream)
    triangle[2] = _take_one(how & 15, corners, state, stream)
    _push_new(triangle, how >> 4, how & 15, corners, state)


@_jit
def _take_one(code: int, corners: Ints, state: Ints, stream: Bytes) -> int:
    if code == 0:
        state[_NEXT] += 1
        return state[_NEXT] - 1
    if code == _WRITTEN:
        return _take_number(state, stream)
    return corners[(state[_CORNER_AT] - code) & _RING]


@_jit
def _push_new(triangle: Ints, second: int, third: int, corners: Ints, state: Ints) -> None:
    _push_corner(corners, state, triangle[0])
    if second in (0, _WRITTEN):
        _push_corner(corners, state, triangle[1])
    if third in (0, _WRITTEN):
        _push_corner(corners, state, triangle[2])


@_jit
def _push_edge(edges: Ints, state: Ints, start: int, end: int) -> None:
    at = state[_EDGE_AT] & _RING
    edges[at, 0], edges[at, 1] = start, end
    state[_EDGE_AT] += 1


@_jit
def _push_corner(corners: Ints, state: Ints, corner: int) -> None:
    corners[state[_CORNER_AT] & _RING] = corner
    state[_CORNER_AT] += 1


@_jit
def _put_number(number: int, state: Ints, stream: Bytes) -> None:
    """Write a number as its difference to the one before, zigzag, 7 bits a byte."""
    difference = number - state[_LAST]
    code = -2 * difference - 1 if difference < 0 else 2 * difference
    while code > 127:
        stream[state[_DATA_AT]] = code & 127 | 128
        state[_DATA_AT] += 1
        code >>= 7
    stream[state[_DATA_AT]] = code
    state[_DATA_AT] += 1
    state[_LAST] = number


@_jit
def _take_number(state: Ints, stream: Bytes) -> int:
    code, shift = np.int64(0), 0
    while state[_DATA_AT] < len(stream) and shift < 35:
        byte = np.int64(stream[state[_DATA_AT]])
        state[_DATA_AT] += 1
        code |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            break
    state[_LAST] += -((code + 1) >> 1) if code & 1 else code >> 1
    return state[_LAST]
