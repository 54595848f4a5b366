import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.factories import make_survey
from tests.tiles.earth import Earth, scan_of, trench
from twin_pipeline.tiles import write_pipe_tiles

VIEWER = Path(__file__).parents[2] / "viewer"
VALIDATOR = VIEWER / "node_modules" / "gltf-validator"

SCRIPT = """
const validator = require('gltf-validator'), fs = require('fs');
(async () => {
  const found = [];
  for (const path of process.argv.slice(1)) {
    const report = await validator.validateBytes(new Uint8Array(fs.readFileSync(path)));
    found.push({errors: report.issues.numErrors, warnings: report.issues.numWarnings,
                first: report.issues.messages.filter(m => m.severity < 2).slice(0, 3)});
  }
  console.log(JSON.stringify(found));
})();
"""

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js"),
    pytest.mark.skipif(not VALIDATOR.exists(), reason="needs the viewer's packages: make viewer"),
]


def _issues(paths: list[Path]) -> list[dict[str, object]]:
    command = ["node", "-e", SCRIPT, *map(str, paths)]
    ran = subprocess.run(command, cwd=VIEWER, capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


@pytest.mark.parametrize("compression", ["meshopt", "none"])
@pytest.mark.parametrize("length_m", [20.0, 300.0])
def test_khronos_validator_finds_nothing_in_points(compression, length_m, write):
    out, _ = write(scan_of(trench(5_000, length_m)), options={"compression": compression})
    for issues in _issues(sorted(out.rglob("*.glb"))):
        assert issues == {"errors": 0, "warnings": 0, "first": []}


def test_khronos_validator_finds_nothing_in_pipes(tmp_path):
    write_pipe_tiles(make_survey(), Earth(), tmp_path)
    assert _issues([tmp_path / "pipes.glb"]) == [{"errors": 0, "warnings": 0, "first": []}]


def test_validator_would_notice(tmp_path):
    broken = tmp_path / "broken.glb"
    broken.write_bytes(b"glTF")
    assert _issues([broken])[0]["errors"] > 0
