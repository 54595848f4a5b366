import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from twin_pipeline.kernels import meshopt_triangles
from twin_pipeline.tiles.tube import joined, tube

DECODER = Path(__file__).parents[2] / "viewer" / "node_modules" / "meshoptimizer"
KINDS = ("tubes", "noise", "far", "alone", "upward")


def _triangles(kind: str, count: int = 400) -> np.ndarray:
    rng = np.random.default_rng(count)
    if kind == "tubes":
        bent = np.array([(0, 0, 0), (1, 0, 0), (2, 0, 0.1), (2, 3, 0)], float)
        return joined([tube(bent + n, 0.1, sides=12) for n in range(3)]).triangles
    if kind == "noise":
        return rng.integers(0, 20, (count, 3)).astype(np.uint32)
    if kind == "far":
        return rng.integers(0, 2**30, (count, 3)).astype(np.uint32)
    if kind == "alone":
        return np.arange(3 * count, dtype=np.uint32).reshape(-1, 3)
    starts = np.arange(count, dtype=np.uint32)[:, None]
    return np.hstack((starts + 5, starts, starts + 1))


def _from_least(triangles: np.ndarray) -> np.ndarray:
    """Corners in their order from the least one on: where a triangle begins is no matter."""
    first = np.argmin(triangles, axis=1)[:, None]
    return np.take_along_axis(triangles, (first + np.arange(3)) % 3, axis=1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [0, 1, 2, 400])
def test_triangles_come_back_in_their_order_and_from_the_same_side(kind, count):
    triangles = _triangles(kind)[:count]
    decoded = meshopt_triangles.decode(meshopt_triangles.encode(triangles), len(triangles))
    assert decoded.dtype == np.uint32
    if kind == "noise":
        # Two corners may be the same, and then there are two least ones.
        assert np.array_equal(np.sort(decoded), np.sort(triangles))
    else:
        assert np.array_equal(_from_least(decoded), _from_least(triangles))


def test_tube_takes_little_more_than_a_byte_a_triangle():
    triangles = _triangles("tubes")
    order = np.argsort(np.unique(triangles, return_index=True)[1])
    used_in_order = np.argsort(order).astype(np.uint32)[triangles]
    assert len(meshopt_triangles.encode(used_in_order)) < 1.3 * len(triangles)


def test_stream_is_that_of_the_extension_s_text():
    """Three new corners, a fourth on the first's last edge, then one with numbers written."""
    triangles = np.array([(0, 1, 2), (0, 2, 3), (9, 8, 3)], np.uint32)
    # 0xf0: all new. Edge (2, 0) turned is the one pushed last: edge 0, new corner. The last one has
    # 9 and 8 written, differences 9 and -1 in zigzag, and the corner pushed last, which is 1 back.
    expected = [0xE1, 0xF0, 0x00, 0xFF, 0xF1, 18, 1, *[0] * 16]
    assert meshopt_triangles.encode(triangles).tolist() == expected


@pytest.mark.parametrize("kind", KINDS)
def test_cut_off_stream_is_refused(kind):
    triangles = _triangles(kind, 60)
    stream = meshopt_triangles.encode(triangles)
    for length in range(len(stream)):
        assert len(meshopt_triangles.decode(stream[:length], len(triangles))) == 0


def test_damaged_stream_never_reaches_beyond_itself():
    """Compiled code would read on silently; interpreted, NumPy raises."""
    script = """
        import numpy as np
        from twin_pipeline.kernels import meshopt_triangles
        rng = np.random.default_rng(5)
        for _ in range(300):
            stream = rng.integers(0, 256, rng.integers(0, 150), dtype=np.uint8)
            stream[:1] = 0xE1
            assert meshopt_triangles.decode(stream, 30).shape in {(0, 3), (30, 3)}
    """
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)]
    subprocess.run(command, env=environment, check=True)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
@pytest.mark.skipif(not DECODER.exists(), reason="needs the viewer's packages: make viewer")
@pytest.mark.parametrize("kind", KINDS)
def test_viewer_s_decoder_reads_the_stream(kind):
    triangles = _triangles(kind)
    script = f"""
        import {{ readFileSync }} from "node:fs";
        const {{ MeshoptDecoder }} = await import("{DECODER.as_uri()}/index.js");
        await MeshoptDecoder.ready;
        const target = new Uint8Array({triangles.nbytes});
        const count = {triangles.size};
        MeshoptDecoder.decodeGltfBuffer(target, count, 4, readFileSync(0), "TRIANGLES");
        process.stdout.write(target);
    """
    stream = meshopt_triangles.encode(triangles)
    command = ["node", "--input-type=module", "-e", script]
    run = subprocess.run(command, input=stream.tobytes(), capture_output=True, check=True)
    decoded = np.frombuffer(run.stdout, np.uint32).reshape(-1, 3)
    assert np.array_equal(decoded, meshopt_triangles.decode(stream, len(triangles)))
