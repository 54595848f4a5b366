"""Lossless packing of vertex data, as glTF's EXT_meshopt_compression mode ATTRIBUTES has it.

The stream (appendix A of the extension's text, version 0) is a header byte, blocks of at most 256
vertices, and a tail that ends with the first vertex. In a block each byte of the vertex is coded
on its own: differences to the vertex before, zigzag, in groups of 16 with 0, 2, 4 or 8 bits each;
a group of 2 or 4 bits marks greater differences and appends them in full.
"""

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint32]

_HEADER = 0xA0
_BLOCK_BYTES = 8192
_BLOCK_VERTICES = 256
_GROUP = 16
_TAIL_BYTES = 32
_LANES = 4
_HIGHEST, _LOWEST = np.uint32(0x80808080), np.uint32(0x01010101)

_SIZES = np.array([(n > 0) | (n >= 3) << 8 | (n >= 15) << 16 for n in range(256)], dtype=np.int32)
"""By difference: whether it is above zero, and too great for two and for four bits."""

_jit = jit(cache=True, nogil=True)


@_jit
def encode(vertices: Bytes) -> Bytes:
    """Return the stream of `vertices`, (N, stride) uint8, stride a multiple of 4 up to 256.

    Differences are taken of four bytes at a time, in a word.
    """
    count, stride = vertices.shape
    words = np.ascontiguousarray(vertices).view(np.uint32)
    stream = np.empty(_most_bytes(count, stride), np.uint8)
    stream[0] = _HEADER
    end = 1
    differences = np.zeros(_BLOCK_VERTICES, np.uint32)
    deltas = differences.view(np.uint8)
    step = _block_vertices(stride)
    for start in range(0, count, step):
        held = min(step, count - start)
        for word in range(stride // _LANES):
            together = _differences(words, start, held, word, differences)
            for lane in range(_LANES):
                if (together >> (8 * lane)) & 255:
                    end = _put_block(deltas[lane:], held, stream, end)
                else:
                    end = _put_zeros(held, stream, end)
    for _ in range(max(0, _TAIL_BYTES - stride)):
        stream[end] = 0
        end += 1
    for byte in range(stride):
        stream[end] = vertices[0, byte] if count else 0
        end += 1
    return stream[:end].copy()


@_jit
def decode(stream: Bytes, count: int, stride: int) -> Bytes:
    """Return the (count, stride) uint8 vertices of a stream, or (0, stride) if it is damaged."""
    vertices = np.empty((count, stride), np.uint8)
    damaged = np.empty((0, stride), np.uint8)
    tail = max(_TAIL_BYTES, stride)
    if len(stream) < 1 + tail or stream[0] != _HEADER:
        return damaged
    last = stream[len(stream) - stride :].copy()
    end = len(stream) - tail
    position = 1
    deltas = np.zeros(_BLOCK_VERTICES, np.uint8)
    step = _block_vertices(stride)
    for start in range(0, count, step):
        held = min(step, count - start)
        for byte in range(stride):
            position = _take_block(stream, position, end, held, deltas)
            if position < 0:
                return damaged
            for i in range(held):
                last[byte] = (int(last[byte]) + _unzigzag(deltas[i])) & 0xFF
                vertices[start + i, byte] = last[byte]
    return vertices if position == end else damaged


@_jit
def _block_vertices(stride: int) -> int:
    return min(_BLOCK_BYTES // stride // _GROUP * _GROUP, _BLOCK_VERTICES)


@_jit
def _most_bytes(count: int, stride: int) -> int:
    step = _block_vertices(stride)
    blocks = (count + step - 1) // step
    groups = step // _GROUP
    return 1 + blocks * stride * ((groups + 3) // 4 + step) + max(_TAIL_BYTES, stride)


@_jit
def _differences(words: Words, start: int, held: int, word: int, deltas: Words) -> np.uint32:
    """Fill `deltas` with the zigzag differences of the bytes of a word, and zeros after them.

    Returns the bits that are set in any of them.
    """
    before = words[max(start - 1, 0), word]
    together = np.uint32(0)
    for i in range(held):
        value = words[start + i, word]
        # Byte by byte: the highest bits are left out of the subtraction, so that none borrows.
        low = np.uint32((value | _HIGHEST) - (before & ~_HIGHEST))
        difference = np.uint32(low ^ ((value ^ ~before) & _HIGHEST))
        negative = np.uint32((difference >> np.uint32(7)) & _LOWEST)
        doubled = np.uint32((difference << np.uint32(1)) & ~_LOWEST)
        code = np.uint32(doubled ^ (negative * np.uint32(255)))
        deltas[i] = code
        together |= code
        before = value
    deltas[held:] = 0
    return together


@_jit
def _unzigzag(code: int) -> int:
    return (~(int(code) >> 1) if code & 1 else int(code) >> 1) & 0xFF


@_jit
def _put_block(deltas: Bytes, held: int, stream: Bytes, position: int) -> int:
    """Write the groups of one byte, every fourth of `deltas`, and return where they end."""
    groups = (held + _GROUP - 1) // _GROUP
    header = position
    position = _put_zeros(held, stream, position)
    for group in range(groups):
        first = group * _GROUP * _LANES
        mode = _best_mode(deltas, first)
        stream[header + group // 4] |= mode << (group % 4 * 2)
        position = _put_group(deltas, first, mode, stream, position)
    return position


@_jit
def _put_zeros(held: int, stream: Bytes, position: int) -> int:
    """Write groups without any difference and return where they end."""
    end = position + ((held + _GROUP - 1) // _GROUP + 3) // 4
    for n in range(position, end):
        stream[n] = 0
    return end


@_jit
def _best_mode(deltas: Bytes, first: int) -> int:
    """Return the shortest coding of a group: 0 none, 1 two bits, 2 four bits, 3 bytes."""
    counts = 0
    for i in range(_GROUP):
        counts += _SIZES[deltas[first + _LANES * i]]
    if counts == 0:
        return 0
    two, four = 4 + (counts >> 8 & 255), 8 + (counts >> 16)
    if two <= four and two < _GROUP:
        return 1
    return 2 if four < _GROUP else 3


@_jit
def _put_group(deltas: Bytes, first: int, mode: int, stream: Bytes, position: int) -> int:
    if mode == 0:
        return position
    if mode == 1:
        return _put_bits(deltas, first, 2, stream, position)
    if mode == 2:
        return _put_bits(deltas, first, 4, stream, position)
    for i in range(_GROUP):
        stream[position + i] = deltas[first + _LANES * i]
    return position + _GROUP


@jit(inline="always")
def _put_bits(deltas: Bytes, first: int, bits: int, stream: Bytes, position: int) -> int:
    """Write a group of so many bits each; inlined, so that `bits` is a constant."""
    escape = (1 << bits) - 1
    a_byte = 8 // bits
    in_full = position + _GROUP // a_byte
    for start in range(0, _GROUP, a_byte):
        # The first of the differences in a byte stands in its highest bits.
        packed = 0
        for i in range(start, start + a_byte):
            value = int(deltas[first + _LANES * i])
            packed = packed << bits | min(value, escape)
            # Without a branch, which would often be guessed wrong; the next byte overwrites it.
            stream[in_full] = value
            in_full += value >= escape
        stream[position] = packed
        position += 1
    return in_full


@_jit
def _take_block(stream: Bytes, position: int, end: int, held: int, deltas: Bytes) -> int:
    """Read the groups of one byte into `deltas`; return where they end, -1 if past `end`."""
    groups = (held + _GROUP - 1) // _GROUP
    header = position
    position += (groups + 3) // 4
    for group in range(groups):
        if position > end:
            return -1
        mode = (stream[header + group // 4] >> (group % 4 * 2)) & 3
        values = deltas[group * _GROUP : (group + 1) * _GROUP]
        position = _take_group(stream, position, end, mode, values)
        if position < 0:
            return -1
    return position


@_jit
def _take_group(stream: Bytes, position: int, end: int, mode: int, values: Bytes) -> int:
    bits = 8 if mode == 3 else 2 * mode
    in_full = position + _GROUP * bits // 8
    if in_full > end:
        return -1
    if mode == 0:
        values[:] = 0
        return position
    if mode == 3:
        values[:] = stream[position:in_full]
        return in_full
    escape = (1 << bits) - 1
    for i in range(_GROUP):
        shift = 8 - bits - i * bits % 8
        value = (stream[position + i * bits // 8] >> shift) & escape
        if value == escape:
            if in_full >= end:
                return -1
            value = stream[in_full]
            in_full += 1
        values[i] = value
    return in_full
