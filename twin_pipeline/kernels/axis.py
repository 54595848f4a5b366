"""Fit a tube's axis to oriented surface patches and follow it.

Frame: local, metres. A patch on a tube of radius R lies at `axis + R * normal`, so that the axis
and R follow from a linear regression of the patches' positions on their normals. K = patches.
"""

import math

import numpy as np
import numpy.typing as npt

from twin_pipeline.kernels import jit, prange

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
KeyArray = npt.NDArray[np.uint64]
BoolArray = npt.NDArray[np.bool_]
TableArray = npt.NDArray[np.int32]

ARC_BINS = 24
_FIRST_GAP_M = 0.3
_SHORT_WINDOW = 0.75
_LONG_WINDOW = 3.0
_FEW_PATCHES = 20
_STRAIGHT_RADII = (16.0, 8.0, 4.0)
_ASIDE_RADII = 0.5
_RECENT_RADII = (2.0,)
_SAME_DIRECTION = math.cos(math.radians(3.0))
_CLEARLY_MORE = 1.1


@jit(cache=True, nogil=True)
def perpendicular_frame(d: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return two unit vectors (3,), (3,) that span the plane perpendicular to unit `d` (3,)."""
    a = np.zeros(3)
    smallest = np.argmin(np.abs(d))
    a[smallest] = 1.0
    u = np.asarray(np.cross(d, a), dtype=np.float64)
    u /= math.sqrt((u * u).sum())
    return u, np.asarray(np.cross(d, u), dtype=np.float64)


@jit(cache=True, nogil=True)
def patches_in_ball(
    centre: FloatArray,
    reach: float,
    lower: FloatArray,
    size: float,
    keys: KeyArray,
    table: TableArray,
    children: IntArray,
    centroids: FloatArray,
    used: BoolArray,
) -> IntArray:
    """Return indices (F,) int64 of unused patches within `reach` of `centre`.

    Parameters
    ----------
    centre
        (3,) metres, local frame.
    reach
        Metres.
    lower, size
        Corner (3,) of a voxel level coarser than the patches, local frame, and width of its
        voxels; metres.
    keys, table
        (B,) uint64 ascending Morton keys of the level's B occupied voxels, and the hash table of
        their indices (power of two,) int32, -1 where free.
    children
        (B + 1,) int64; voxel k holds the patches `children[k]:children[k + 1]`.
    centroids
        (K, 3) metres, local frame.
    used
        (K,) bool, patches to leave out.
    """
    result = np.empty(256, np.int64)
    found = 0
    low = np.empty(3, np.int64)
    high = np.empty(3, np.int64)
    for a in range(3):
        # a patch's centroid may lie up to one voxel outside the voxel that owns it
        low[a] = np.int64(math.floor((centre[a] - reach - lower[a]) / size - 0.5))
        high[a] = np.int64(math.floor((centre[a] + reach - lower[a]) / size + 0.5))
    for ix in range(max(low[0], 0), high[0] + 1):
        for iy in range(max(low[1], 0), high[1] + 1):
            for iz in range(max(low[2], 0), high[2] + 1):
                k = _find(table, keys, ix, iy, iz)
                if k < 0:
                    continue
                for i in range(children[k], children[k + 1]):
                    if used[i]:
                        continue
                    dx = centroids[i, 0] - centre[0]
                    dy = centroids[i, 1] - centre[1]
                    dz = centroids[i, 2] - centre[2]
                    if dx * dx + dy * dy + dz * dz > reach * reach:
                        continue
                    if found == len(result):
                        grown = np.empty(2 * found, np.int64)
                        grown[:found] = result
                        result = grown
                    result[found] = i
                    found += 1
    return result[:found]


@jit(cache=True, nogil=True)
def take_around(
    nodes: FloatArray,
    reach: float,
    lower: FloatArray,
    size: float,
    keys: KeyArray,
    table: TableArray,
    children: IntArray,
    centroids: FloatArray,
    used: BoolArray,
) -> None:
    """Mark the patches within `reach` of any node as used.

    Parameters
    ----------
    nodes
        (P, 3) metres, local frame.
    reach, lower, size, keys, table, children, centroids, used
        As for `patches_in_ball`; `used` is updated in place.
    """
    for k in range(len(nodes)):
        for i in patches_in_ball(
            nodes[k], reach, lower, size, keys, table, children, centroids, used
        ):
            used[i] = True


@jit(cache=True, nogil=True, inline="always")
def _spread(value: int) -> np.uint64:
    """Put two zero bits before each of the lower 21 bits."""
    x = np.uint64(value) & np.uint64(0x1FFFFF)
    x = (x | (x << np.uint64(32))) & np.uint64(0x1F00000000FFFF)
    x = (x | (x << np.uint64(16))) & np.uint64(0x1F0000FF0000FF)
    x = (x | (x << np.uint64(8))) & np.uint64(0x100F00F00F00F00F)
    x = (x | (x << np.uint64(4))) & np.uint64(0x10C30C30C30C30C3)
    return (x | (x << np.uint64(2))) & np.uint64(0x1249249249249249)


@jit(cache=True, nogil=True)
def _find(table: TableArray, keys: KeyArray, ix: int, iy: int, iz: int) -> int:
    """Return the index of voxel (ix, iy, iz), or -1."""
    key = _spread(ix) | (_spread(iy) << np.uint64(1)) | (_spread(iz) << np.uint64(2))
    mask = np.uint64(len(table) - 1)
    mixed = key * np.uint64(0x9E3779B97F4A7C15)
    slot = (mixed ^ (mixed >> np.uint64(32))) & mask
    while table[slot] != -1:
        if keys[table[slot]] == key:
            return int(table[slot])
        slot = (slot + np.uint64(1)) & mask
    return -1


@jit(cache=True, nogil=True)
def _direction_moments(
    points: FloatArray,
    normals: FloatArray,
    centre: FloatArray,
    radius: float,
    reach: float,
    of_normals: bool,  # noqa: FBT001 - Numba calls no function with keyword-only parameters
) -> FloatArray:
    """Return the scatter (3, 3) of normals or of votes, over patches voting near `centre`."""
    m = np.zeros((3, 3))
    for i in range(len(points)):
        ex, ey, ez = points[i, 0] - centre[0], points[i, 1] - centre[1], points[i, 2] - centre[2]
        nx, ny, nz = normals[i, 0], normals[i, 1], normals[i, 2]
        signed = radius if ex * nx + ey * ny + ez * nz >= 0.0 else -radius
        qx, qy, qz = ex - signed * nx, ey - signed * ny, ez - signed * nz
        if qx * qx + qy * qy + qz * qz > reach * reach:
            continue
        if of_normals:
            qx, qy, qz = nx, ny, nz
        m[0, 0] += qx * qx
        m[1, 0] += qy * qx
        m[2, 0] += qz * qx
        m[1, 1] += qy * qy
        m[2, 1] += qz * qy
        m[2, 2] += qz * qz
    m[0, 1], m[0, 2], m[1, 2] = m[1, 0], m[2, 0], m[2, 1]
    return m


@jit(cache=True, nogil=True)
def gauss_axis(
    points: FloatArray, normals: FloatArray, centre: FloatArray, radius: float
) -> FloatArray:
    """Return the direction most perpendicular to the normals of the patches voting for `centre`.

    Parameters
    ----------
    points, normals
        (K, 3) centroids, metres, local frame, and unit normals of either sign.
    centre
        (3,) metres, local frame.
    radius
        Assumed radius of the tube, metres.

    Returns
    -------
    (3,) unit, sign arbitrary.
    """
    m = _direction_moments(points, normals, centre, radius, 0.5 * radius, True)
    return np.linalg.eigh(m)[1][:, 0].copy()


@jit(cache=True, nogil=True)
def vote_axis(
    points: FloatArray, normals: FloatArray, centre: FloatArray, radius: float
) -> FloatArray:
    """Return the direction (3,) along which the votes near `centre` are spread most.

    Arguments and result are as for `gauss_axis`.
    """
    m = _direction_moments(points, normals, centre, radius, 1.5 * radius, False)
    return np.linalg.eigh(m)[1][:, 2].copy()


@jit(cache=True, nogil=True)
def refine_axis(
    points: FloatArray,
    normals: FloatArray,
    centre: FloatArray,
    direction: FloatArray,
    radius: float,
    half_length: float,
) -> tuple[FloatArray, FloatArray, float, float, bool]:
    """Regress patch positions on normals with Tukey weights.

    The two equations of a patch share their unknowns' pattern, so that the 5x5 normal matrix of
    (shift u, shift v, tilt u, tilt v, radius) follows from a few sums.

    Parameters
    ----------
    points, normals
        (K, 3) centroids, metres, local frame, and unit normals of either sign.
    centre, direction
        (3,) point of the axis to start from, metres, local frame, and (3,) unit direction.
    radius
        Assumed radius, metres.
    half_length
        Patches farther than this from `centre` along the axis are left out; metres.

    Returns
    -------
    centre (3,), direction (3,), radius (m), support (weight sum), success.
    """
    c = centre.copy()
    d = direction.copy()
    r = radius
    sw = 0.0
    for iteration in range(8):
        u, v = perpendicular_frame(d)
        band = r * (0.5 - 0.25 * min(iteration, 4) / 4.0)
        sw = st = stt = snu = snv = stnu = stnv = snn = 0.0
        seu = sev = steu = stev = sne = 0.0
        for i in range(len(points)):
            ex, ey, ez = points[i, 0] - c[0], points[i, 1] - c[1], points[i, 2] - c[2]
            t = ex * d[0] + ey * d[1] + ez * d[2]
            if abs(t) > half_length:
                continue
            eu, ev = ex * u[0] + ey * u[1] + ez * u[2], ex * v[0] + ey * v[1] + ez * v[2]
            nx, ny, nz = normals[i, 0], normals[i, 1], normals[i, 2]
            nu, nv = nx * u[0] + ny * u[1] + nz * u[2], nx * v[0] + ny * v[1] + nz * v[2]
            if eu * nu + ev * nv < 0.0:
                nu, nv = -nu, -nv
            q = ((eu - r * nu) ** 2 + (ev - r * nv) ** 2) / (band * band)
            if q >= 1.0:
                continue
            w = (1.0 - q) ** 2
            sw += w
            st += w * t
            stt += w * t * t
            snu += w * nu
            snv += w * nv
            stnu += w * t * nu
            stnv += w * t * nv
            snn += w * (nu * nu + nv * nv)
            seu += w * eu
            sev += w * ev
            steu += w * t * eu
            stev += w * t * ev
            sne += w * (nu * eu + nv * ev)
        if sw < 6.0:
            return c, d, r, sw, False
        # weak priors keep a short or narrow patch solvable: no tilt, radius as assumed
        tilt_prior, radius_prior = 1e-3 * sw * half_length**2, 0.02 * sw
        normal_matrix = np.array(
            [
                [sw, 0.0, st, 0.0, snu],
                [0.0, sw, 0.0, st, snv],
                [st, 0.0, stt + tilt_prior, 0.0, stnu],
                [0.0, st, 0.0, stt + tilt_prior, stnv],
                [snu, snv, stnu, stnv, snn + radius_prior],
            ]
        )
        rhs = np.array([seu, sev, steu, stev, sne + radius_prior * radius])
        x = np.linalg.solve(normal_matrix, rhs)
        c = c + x[0] * u + x[1] * v
        d = d + x[2] * u + x[3] * v
        d /= math.sqrt((d * d).sum())
        r = x[4]
        if not (0.6 * radius < r < 1.6 * radius):
            return c, d, r, sw, False
    return c, d, r, sw, True


@jit(cache=True, nogil=True)
def tube_support(
    points: FloatArray,
    normals: FloatArray,
    centre: FloatArray,
    direction: FloatArray,
    radius: float,
    half_length: float,
    tolerance: float,
) -> tuple[FloatArray, float, float, int]:
    """Judge how well patches around a short piece of axis look like a tube.

    Parameters
    ----------
    points, normals
        (K, 3) centroids, metres, local frame, and unit normals of either sign.
    centre, direction
        (3,) middle of the piece of axis, metres, local frame, and (3,) unit direction.
    radius
        Radius of the tube, metres.
    half_length
        Half of the length of the piece, metres.
    tolerance
        How far the vote of a patch may miss the axis, metres.

    Returns
    -------
    shift (3,) robust mean of the votes' lateral offsets (m), arc_deg seen, purity (share of the
    patches on the shell's seen sectors whose normals agree), kept (patches that agree).
    """
    u, v = perpendicular_frame(direction)
    count = len(points)
    offsets = np.empty((count, 2))
    sector = np.full(count, -1, np.int64)
    shell = np.zeros(ARC_BINS, np.int64)
    for i in range(count):
        ex = points[i, 0] - centre[0]
        ey = points[i, 1] - centre[1]
        ez = points[i, 2] - centre[2]
        if abs(ex * direction[0] + ey * direction[1] + ez * direction[2]) > half_length:
            continue
        eu, ev = ex * u[0] + ey * u[1] + ez * u[2], ex * v[0] + ey * v[1] + ez * v[2]
        rho = math.sqrt(eu * eu + ev * ev)
        nx, ny, nz = normals[i, 0], normals[i, 1], normals[i, 2]
        nu, nv = nx * u[0] + ny * u[1] + nz * u[2], nx * v[0] + ny * v[1] + nz * v[2]
        if eu * nu + ev * nv < 0.0:
            nu, nv = -nu, -nv
        offsets[i, 0], offsets[i, 1] = eu - radius * nu, ev - radius * nv
        near = offsets[i, 0] ** 2 + offsets[i, 1] ** 2 < tolerance**2
        if near or 0.75 * radius < rho < 1.25 * radius:
            angle = math.atan2(ev, eu)
            sector[i] = min(ARC_BINS - 1, int((angle + math.pi) / (2.0 * math.pi) * ARC_BINS))
            shell[sector[i]] += 1
    shift = np.zeros(3)
    su = sv = 0.0
    for _ in range(4):
        total = wu = wv = 0.0
        for i in range(count):
            if sector[i] < 0:
                continue
            q = ((offsets[i, 0] - su) ** 2 + (offsets[i, 1] - sv) ** 2) / tolerance**2
            if q < 1.0:
                w = (1.0 - q) ** 2
                total += w
                wu += w * offsets[i, 0]
                wv += w * offsets[i, 1]
        if total == 0.0:
            return shift, 0.0, 0.0, 0
        su, sv = wu / total, wv / total
    agree = np.zeros(ARC_BINS, np.int64)
    for i in range(count):
        if sector[i] >= 0:
            q = (offsets[i, 0] - su) ** 2 + (offsets[i, 1] - sv) ** 2
            if q < tolerance**2:
                agree[sector[i]] += 1
    kept = inside = seen = 0
    for b in range(ARC_BINS):
        if agree[b] >= 1 and 2 * agree[b] >= shell[b]:
            seen += 1
            kept += agree[b]
            inside += shell[b]
    shift = su * u + sv * v
    purity = kept / inside if inside > 0 else 0.0
    return shift, seen * 360.0 / ARC_BINS, purity, kept


@jit(cache=True, nogil=True, parallel=True)
def refine_seeds(
    centres: FloatArray,
    radii: FloatArray,
    tolerance_ratio: float,
    lower: FloatArray,
    size: float,
    keys: KeyArray,
    table: TableArray,
    children: IntArray,
    centroids: FloatArray,
    normals: FloatArray,
    used: BoolArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, IntArray]:
    """Refine axis seeds one by one from the patches around each.

    Two starting directions are tried, and the one that more patches agree with is kept.

    Parameters
    ----------
    centres, radii
        (P, 3) points near an axis, local frame, and (P,) assumed radii; metres.
    tolerance_ratio
        How far the vote of a patch may miss the axis, as a share of the radius.
    lower, size, keys, table, children, centroids, used
        As for `patches_in_ball`.
    normals
        (K, 3) unit normals of the patches, of either sign.

    Returns
    -------
    centre (P, 3) and direction (P, 3) in the local frame, radius (P,), metres, arc_deg (P,),
    purity (P,), kept (P,) int64; kept is 0 where no tube was found.
    """
    count = len(centres)
    out_centre = np.zeros((count, 3))
    out_direction = np.zeros((count, 3))
    out_radius = np.zeros(count)
    out_arc = np.zeros(count)
    out_purity = np.zeros(count)
    out_kept = np.zeros(count, np.int64)
    for p in prange(count):
        radius = radii[p]
        half = max(2.0 * radius, 0.06)
        reach = math.sqrt((1.5 * radius) ** 2 + half**2)
        idx = patches_in_ball(
            centres[p], reach, lower, size, keys, table, children, centroids, used
        )
        if len(idx) < 8:
            continue
        points, normal = centroids[idx], normals[idx]
        for attempt in range(2):
            if attempt == 0:
                start = gauss_axis(points, normal, centres[p], radius)
            else:
                start = vote_axis(points, normal, centres[p], radius)
            _, arc, purity, kept = tube_support(
                points, normal, centres[p], start, radius, half, 0.4 * radius
            )
            if arc < 60.0 or purity < 0.4:
                continue
            c, d, r, _, success = refine_axis(points, normal, centres[p], start, radius, half)
            if not success:
                continue
            _, arc, purity, kept = tube_support(points, normal, c, d, r, half, tolerance_ratio * r)
            if kept > out_kept[p]:
                out_centre[p], out_direction[p], out_radius[p] = c, d, r
                out_arc[p], out_purity[p], out_kept[p] = arc, purity, kept
    return out_centre, out_direction, out_radius, out_arc, out_purity, out_kept


@jit(cache=True, nogil=True)
def follow_axis(
    start: FloatArray,
    direction: FloatArray,
    radius: float,
    step: float,
    max_gap: float,
    min_arc: float,
    min_purity: float,
    tolerance_ratio: float,
    lower: FloatArray,
    size: float,
    keys: KeyArray,
    table: TableArray,
    children: IntArray,
    centroids: FloatArray,
    normals: FloatArray,
    used: BoolArray,
    max_steps: int,
) -> tuple[FloatArray, BoolArray]:
    """Follow a tube's axis from `start` along `direction` until it is lost for `max_gap`.

    Parameters
    ----------
    start, direction
        (3,) point of the axis, metres, local frame, and (3,) unit direction.
    radius, step, max_gap
        Radius of the tube, distance of the stations, longest piece of axis not seen; metres. No
        gap may be longer than what was followed so far (plus 0.3 m or 3 radii).
    min_arc, min_purity
        Degrees and share (0 to 1) from which on a station counts as seen, see `tube_support`.
    tolerance_ratio
        How far the vote of a patch may miss the axis, as a share of the radius; grows in gaps.
    lower, size, keys, table, children, centroids, used
        As for `patches_in_ball`.
    normals
        (K, 3) unit normals of the patches, of either sign.
    max_steps
        Largest number of stations.

    Returns
    -------
    centres (S, 3), metres, local frame, without `start`, and seen (S,) bool; the last station is
    always seen.
    """
    before = int(_STRAIGHT_RADII[0] * radius / step) + 1
    trail = np.empty((before + max_steps, 3))
    for k in range(before):
        trail[k] = start - (before - 1 - k) * step * direction
    centres = trail[before:]
    seen = np.zeros(max_steps, np.bool_)
    half = _SHORT_WINDOW * radius
    reach = math.sqrt((1.35 * radius) ** 2 + half**2)
    # where points are sparse, a longer piece must be looked at to see an arc
    idx = patches_in_ball(start, reach, lower, size, keys, table, children, centroids, used)
    while half < _LONG_WINDOW * radius and 0 < len(idx) < _FEW_PATCHES:
        half *= 2.0
        reach = math.sqrt((1.35 * radius) ** 2 + half**2)
        idx = patches_in_ball(start, reach, lower, size, keys, table, children, centroids, used)
    x = start.copy()
    d = other = direction
    bending = False
    end = streak = 0
    gap = 0.0
    for s in range(max_steps):
        ahead = x + step * d
        tolerance = radius * min(0.6, tolerance_ratio + 0.1 * gap / radius)
        idx = patches_in_ball(ahead, reach, lower, size, keys, table, children, centroids, used)
        shift, arc, purity, kept = tube_support(
            centroids[idx], normals[idx], ahead, d, radius, half, tolerance
        )
        if (d * other).sum() < _SAME_DIRECTION:
            there = x + step * other
            shift2, arc2, purity2, kept2 = tube_support(
                centroids[idx], normals[idx], there, other, radius, half, tolerance
            )
            if kept2 > _CLEARLY_MORE * kept:
                bending = not bending
                ahead, shift, arc, purity, kept = there, shift2, arc2, purity2, kept2
        good = kept >= 6 and arc >= min_arc and purity >= min_purity
        x = ahead + shift if good else ahead
        centres[s] = x
        seen[s] = good
        streak = streak + 1 if good else 0
        # a single lucky window beyond a gap must not carry the axis on
        if streak >= 3 or (good and gap == 0.0):
            end = s + 1
            gap = 0.0
            straight = _direction(trail[: before + s + 1], step, radius, _STRAIGHT_RADII)
            recent = _direction(trail[: before + s + 1], step, radius, _RECENT_RADII)
            d, other = (recent, straight) if bending else (straight, recent)
        else:
            gap += step
            if gap > min(max_gap, max(_FIRST_GAP_M, 3.0 * radius) + end * step):
                break
    return centres[:end], seen[:end]


@jit(cache=True, nogil=True)
def _direction(
    trail: FloatArray, step: float, radius: float, pieces: tuple[float, ...]
) -> FloatArray:
    """Return the unit direction (3,) of the end of a trail (S, 3).

    That is the direction of the longest of some last pieces, given in radii, that is straight to
    half a radius: a socket or a stone turns no axis.
    """
    ahead = np.zeros(3)
    for radii in pieces:
        piece = trail[max(len(trail) - 1 - int(radii * radius / step), 0) :]
        middle = np.zeros(3)
        slope = np.zeros(3)
        for i in range(len(piece)):
            for k in range(3):
                middle[k] += piece[i, k] / len(piece)
                slope[k] += (i - 0.5 * (len(piece) - 1)) * piece[i, k]
        ahead = slope / math.sqrt((slope * slope).sum())
        aside = 0.0
        for i in range(len(piece)):
            squared = along = 0.0
            for k in range(3):
                squared += (piece[i, k] - middle[k]) ** 2
                along += (piece[i, k] - middle[k]) * ahead[k]
            aside = max(aside, squared - along * along)
        if aside <= (_ASIDE_RADII * radius) ** 2:
            break
    return ahead
