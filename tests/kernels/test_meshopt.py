import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from twin_pipeline.kernels import meshopt

DECODER = Path(__file__).parents[2] / "viewer" / "node_modules" / "meshoptimizer"
KINDS = ("noise", "smooth", "steps")


def _vertices(kind: str, count: int, stride: int) -> np.ndarray:
    rng = np.random.default_rng(count * 1000 + stride)
    if kind == "noise":
        return rng.integers(0, 256, (count, stride), dtype=np.uint8)
    reach = 2 if kind == "smooth" else 9
    steps = rng.integers(-reach, reach + 1, (count, stride))
    return np.cumsum(steps, axis=0).astype(np.uint8)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stride", [4, 8, 12, 64, 256])
@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 255, 256, 257, 1000])
def test_vertices_come_back_unchanged(kind, stride, count):
    vertices = _vertices(kind, count, stride)
    stream = meshopt.encode(vertices)
    assert np.array_equal(meshopt.decode(stream, count, stride), vertices)


def test_smooth_data_become_small():
    vertices = _vertices("smooth", 4096, 8)
    assert len(meshopt.encode(vertices)) < 0.55 * vertices.size


def test_stream_is_that_of_the_extension_s_text():
    """Two vertices: byte 0 goes from 1 to 3, the others stay."""
    vertices = np.array([[1, 0, 0, 7], [3, 0, 0, 7]], np.uint8)
    # The first byte's group has 2-bit differences: 0, then 3 = escape, 4 (zigzag of 2) in full.
    expected = [0xA0, 1, 0b00110000, 0, 0, 0, 4, 0, 0, 0, *[0] * 28, 1, 0, 0, 7]
    assert meshopt.encode(vertices).tolist() == expected


@pytest.mark.parametrize("kind", KINDS)
def test_cut_off_stream_is_refused(kind):
    vertices = _vertices(kind, 300, 8)
    stream = meshopt.encode(vertices)
    for length in range(len(stream)):
        assert len(meshopt.decode(stream[:length], 300, 8)) == 0


def test_damaged_stream_never_reaches_beyond_itself():
    """Compiled code would read on silently; interpreted, NumPy raises."""
    script = """
        import numpy as np
        from twin_pipeline.kernels import meshopt
        rng = np.random.default_rng(5)
        for _ in range(300):
            stream = rng.integers(0, 256, rng.integers(0, 150), dtype=np.uint8)
            stream[:1] = 0xA0
            assert meshopt.decode(stream, 40, 4).shape in {(0, 4), (40, 4)}
    """
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-c", textwrap.dedent(script)]
    subprocess.run(command, env=environment, check=True)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
@pytest.mark.skipif(not DECODER.exists(), reason="needs the viewer's packages: make viewer")
@pytest.mark.parametrize("kind", KINDS)
def test_viewer_s_decoder_reads_the_stream(kind):
    vertices = _vertices(kind, 1000, 12)
    script = f"""
        import {{ readFileSync }} from "node:fs";
        const {{ MeshoptDecoder }} = await import("{DECODER.as_uri()}/index.js");
        await MeshoptDecoder.ready;
        const target = new Uint8Array({vertices.size});
        MeshoptDecoder.decodeGltfBuffer(target, 1000, 12, readFileSync(0), "ATTRIBUTES");
        process.stdout.write(target);
    """
    stream = meshopt.encode(vertices).tobytes()
    command = ["node", "--input-type=module", "-e", script]
    decoded = subprocess.run(command, input=stream, capture_output=True, check=True).stdout
    assert decoded == vertices.tobytes()
