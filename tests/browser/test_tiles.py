"""The tiles in bare CesiumJS, in every form that they are written in."""

import base64
import functools
import http.server
import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.tiles.views import seen, tree_of
from browser.opened import SIZE
from tests.factories import make_pipe, make_survey
from tests.tiles.earth import Earth, scan_of, trench
from twin_pipeline.tiles import (
    TilesOptions,
    write_pipe_tiles,
    write_point_tiles,
    write_root,
    write_uncertainty_tiles,
)
from twin_pipeline.tiles.options import Compression

CESIUM = Path(__file__).parents[2] / "viewer" / "node_modules" / "cesium" / "Build" / "Cesium"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CESIUM.is_dir(), reason="needs the viewer's packages: make viewer"),
]

POINTS = 40_000

PAGE = """<!doctype html><meta charset="utf-8">
<link rel="stylesheet" href="/cesium/Widgets/CesiumWidget/CesiumWidget.css">
<style>html, body, #c { margin: 0; width: 100%; height: 100% }</style><div id="c"></div>
<script>window.CESIUM_BASE_URL = '/cesium/';</script><script src="/cesium/Cesium.js"></script>
<script>
Cesium.Ion.defaultAccessToken = undefined;
const widget = new Cesium.CesiumWidget('c', {baseLayer: false, globe: false, skyBox: false,
  skyAtmosphere: false, msaaSamples: 1, contextOptions: {webgl: {preserveDrawingBuffer: true}}});
widget.scene.backgroundColor = Cesium.Color.BLACK;
window.failed = []; window.ready = false; window.loaded = 0;
(async () => {
  const uri = new URLSearchParams(location.search).get('tiles');
  const set = await Cesium.Cesium3DTileset.fromUrl(uri, {maximumScreenSpaceError: 1});
  set.tileFailed.addEventListener((error) => window.failed.push(String(error.message)));
  set.tileLoad.addEventListener(() => { window.loaded += 1; });
  widget.scene.primitives.add(set);
  window.set = set;
  widget.camera.viewBoundingSphere(set.boundingSphere,
    new Cesium.HeadingPitchRange(0.4, -0.9, 1.6 * set.boundingSphere.radius));
  // All is loaded more than once: what a tile shows is asked for when it has been drawn.
  let still = 0;
  widget.scene.postRender.addEventListener(() => {
    still = set.tilesLoaded && window.loaded > 0 ? still + 1 : 0;
    window.ready = still > 20;
  });
})().catch((error) => window.failed.push(String(error)));
</script>"""

PIXELS = """() => {
  const source = widget.scene.canvas, copy = document.createElement('canvas');
  copy.width = source.width; copy.height = source.height;
  const plane = copy.getContext('2d');
  plane.drawImage(source, 0, 0);
  const bytes = plane.getImageData(0, 0, copy.width, copy.height).data;
  let text = '';
  for (let n = 0; n < bytes.length; n += 32768)
    text += String.fromCharCode(...bytes.subarray(n, n + 32768));
  return [copy.width, copy.height, btoa(text)];
}"""


@pytest.fixture(scope="module")
def tiles(tmp_path_factory):
    """A trench of colours in stripes, in all forms, with pipes and shells in one of them."""
    folder = tmp_path_factory.mktemp("tiles")
    xyz = trench(POINTS)
    scan = scan_of(xyz)
    stripes = (xyz[:, 0] // 2).astype(int) % 3
    for channel, name in enumerate(("red", "green", "blue")):
        scan.attributes[name][:] = np.where(stripes == channel, 230, 40)
    forms = {
        "meshopt": {},
        "plain": {"compression": "none"},
        "old": {"tiles_version": "1.0"},
    }
    for form, options in forms.items():
        write_point_tiles(
            scan.chunks(),
            bounds=scan.bounds,
            scale_m=(0.001, 0.001, 0.001),
            labels=scan.labels,
            georeference=Earth(),
            out=folder / form / "points" / "site",
            options=TilesOptions(points_per_tile=5_000, attributes="all", **options),
        )
    survey = make_survey("site")
    for form, compression in (("plain", Compression.NONE), ("meshopt", Compression.MESHOPT)):
        for layer, write in (("pipes", write_pipe_tiles), ("uncertainty", write_uncertainty_tiles)):
            write(survey, Earth(), folder / form / layer / "site", compression=compression)
    for form in forms:
        write_root(folder / form, ["site"])
    (folder / "cesium").symlink_to(CESIUM)
    (folder / "page.html").write_text(PAGE, "utf-8")
    return folder


@pytest.fixture(scope="module")
def address(tiles):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep still."""

    handler = functools.partial(Quiet, directory=str(tiles))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def picture(context, address):
    """Return a function that shows a tileset and returns its picture and its number of tiles."""

    @functools.cache
    def show(uri: str) -> tuple[np.ndarray, int]:
        page = context.new_page()
        foreign = []
        page.on(
            "request",
            lambda r: r.url.startswith((address, "blob:", "data:")) or foreign.append(r.url),
        )
        page.goto(f"{address}/page.html?tiles={uri}")
        page.wait_for_function("window.ready || window.failed.length")
        page.wait_for_timeout(500)
        assert page.evaluate("window.failed") == []
        assert foreign == []
        loaded = page.evaluate("window.loaded")
        width, height, data = page.evaluate(PIXELS)
        assert (width, height) == (SIZE["width"], SIZE["height"])
        pixels = np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)
        shot = pixels[..., :3].astype(np.float64)
        page.close()
        return shot, loaded

    return show


def _tilesets(tiles: Path, form: str) -> int:
    return len([*(tiles / form / "points").rglob("*.glb"), *(tiles / form).rglob("*.pnts")])


@pytest.mark.parametrize("form", ["meshopt", "plain", "old"])
def test_every_tile_loads_and_shows_its_colours(form, picture, tiles):
    shot, loaded = picture(f"{form}/points/site/tileset.json")
    assert loaded >= _tilesets(tiles, form)
    for channel in range(3):
        others = [c for c in range(3) if c != channel]
        strong = (shot[..., channel] > 180) & (shot[..., others] < 90).all(axis=-1)
        assert strong.mean() > 0.01


@pytest.mark.parametrize("form", ["meshopt", "old"])
def test_packed_and_old_tiles_look_like_plain_ones(form, picture):
    reference, _ = picture("plain/points/site/tileset.json")
    shot, _ = picture(f"{form}/points/site/tileset.json")
    away = np.abs(shot - reference).max(axis=-1)
    # A point is a pixel or more, and most points are seen; of what is seen hardly any may differ.
    seen = np.count_nonzero(reference.max(axis=-1) > 30)
    assert seen > 0.5 * POINTS
    assert np.count_nonzero(away > 12) < 0.02 * seen


def test_root_with_pipes_and_shells_loads(picture):
    shot, loaded = picture("plain/tileset.json")
    assert loaded > 5
    blue = (shot[..., 2] > 60) & (shot[..., 0] < 60)
    assert blue.any()


@pytest.mark.parametrize("layer", ["pipes", "uncertainty"])
def test_packed_pipes_look_like_plain_ones(layer, picture):
    reference, _ = picture(f"plain/{layer}/site/tileset.json")
    shot, _ = picture(f"meshopt/{layer}/site/tileset.json")
    seen = np.count_nonzero(reference.max(axis=-1) > 30)
    assert seen > 1_000
    away = np.abs(shot - reference).max(axis=-1)
    # The light on a surface is off by a hair, an edge by a pixel here and there.
    assert np.count_nonzero(away > 12) < 0.02 * seen


ACROSS, APART_M = 8, 40.0
"""Of a network of pipes: enough for tiles of two levels, and lines above them."""

LOOK = """async ([place, heading, pitch, distance]) => {
  const frames = async (count) => {
    const until = widget.scene.frameState.frameNumber + count;
    while (widget.scene.frameState.frameNumber < until)
      await new Promise((done) => setTimeout(done, 20));
  };
  window.set.maximumScreenSpaceError = 16;
  widget.camera.lookAt(new Cesium.Cartesian3(...place),
    new Cesium.HeadingPitchRange(heading, pitch, distance));
  await frames(3);
  while (!window.set.tilesLoaded) await frames(1);
  await frames(3);
}"""

PICK = """() => {
  const canvas = widget.scene.canvas;
  const middle = new Cesium.Cartesian2(canvas.clientWidth / 2, canvas.clientHeight / 2);
  const picked = widget.scene.pick(middle, 7, 7);
  return [picked?.getProperty?.('pipe_id'), picked?.content?.url.split('/').pop()];
}"""

SELECTED = "[set.statistics.selected, set.statistics.numberOfPointsSelected]"


@pytest.fixture(scope="module")
def network(tiles, context, address):
    pipes = tuple(
        make_pipe(f"P{n:02}", start=(east, north, -1.3), end=(east + 25, north + 3, -1.3))
        for n, (east, north) in enumerate(
            (APART_M * (n % ACROSS), APART_M * (n // ACROSS)) for n in range(ACROSS * ACROSS)
        )
    )
    write_pipe_tiles(replace(make_survey("site"), pipes=pipes), Earth(), tiles / "network")
    page = context.new_page()
    page.goto(f"{address}/page.html?tiles=network/tileset.json")
    page.wait_for_function("window.ready || window.failed.length")
    yield page, pipes
    page.close()


def test_pipe_is_told_by_the_tiles_of_every_level(network):
    page, pipes = network
    levels = set()
    for number in (0, 27, 63):
        middle = Earth().to_ecef(np.mean(pipes[number].centreline[[0, -1]], axis=0)[None])[0]
        for distance_m in (4.0, 20.0, 70.0, 400.0, 3_000.0):
            page.evaluate(LOOK, [middle.tolist(), 0.3, -0.9, distance_m])
            told, tile = page.evaluate(PICK)
            assert (told, distance_m) == (pipes[number].pipe_id, distance_m)
            levels.add(tile.count("_"))
    assert len(levels) >= 3
    assert page.evaluate("window.failed") == []


NEAR_M, FAR_M = (1.0, 3.0), (10.0, 1_000.0, 5_000.0)


def test_views_of_points_are_never_empty_and_never_full(context, address, tiles):
    uri = "meshopt/points/site/tileset.json"
    tree = tree_of(tiles / uri)
    page = context.new_page()
    page.goto(f"{address}/page.html?tiles={uri}")
    page.wait_for_function("window.ready || window.failed.length")
    placed = json.loads((tiles / uri).read_text("utf-8"))["root"]["transform"]
    place = (np.append(tree[1].centre, 1.0) @ np.reshape(placed, (4, 4)))[:3].tolist()
    for distance_m in (*NEAR_M, *FAR_M):
        page.evaluate(LOOK, [place, 0.0, -np.pi / 4, distance_m])
        shown, points = page.evaluate(SELECTED)
        foreseen = seen(tree, distance_m)
        assert 0 < shown <= foreseen.tiles, distance_m
        assert 0 < points <= foreseen.points, distance_m
        assert distance_m in FAR_M or points < 0.7 * POINTS
    page.close()
