"""Finished runs with known pipes, and publications of them."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from twin_pipeline import batch, conducting
from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.exporting import read_results
from twin_pipeline.progress import Progress
from twin_pipeline.publication.options import PublishOptions
from twin_pipeline.publishing import publish, view_data
from twin_pipeline.tiles import write_pipe_tiles, write_uncertainty_tiles
from twin_pipeline.view.options import ViewOptions

PAGE = """<!doctype html>
<html lang="ja">
  <head>
    <title>viewer</title>
    <script type="module" src="./assets/index.js"></script>
  </head>
</html>
"""
BASE = "https://data.example.jp/pipes/"
RUN = Config(crs=CrsOptions(vertical="jgd2011", axis_order="en"))
PROVENANCE = {"sha256": 64 * "0", "scan_modified_at": "2026-05-01T09:00:00+09:00"}
OWNER = {
    "licence": "CC-BY-4.0",
    "attribution": "出典: 水道局",
    "publisher_ja": "水道局",
    "publisher_en": "Bureau of Waterworks",
    "contact": "mailto:data@example.jp",
    "survey_date": "2026-04-30",
}


def owner(**changes):
    """The configuration of a publisher."""
    options = PublishOptions.model_validate(OWNER | changes)
    return Config(publish=options, view=ViewOptions(public_url=BASE))


@pytest.fixture(autouse=True)
def small_viewer(tmp_path_factory, monkeypatch):
    """Put a viewer of two files in the place of the built one; the browser's tests take that."""
    folder = tmp_path_factory.mktemp("static")
    (folder / "assets").mkdir()
    (folder / "assets" / "index.js").write_text("// the viewer")
    (folder / "index.html").write_text(PAGE)
    monkeypatch.setattr(view_data, "STATIC_FOLDER", folder)


@pytest.fixture
def make_run(make_scan, tmp_path, known_pipes, monkeypatch):
    """Return a function that runs scans, of which the results are known."""
    _ = known_pipes
    run_site = conducting.run_site

    def dated(site, staging, progress):
        outcome = run_site(site, staging, progress)
        return replace(outcome, result=replace(outcome.result, provenance=PROVENANCE))

    monkeypatch.setattr(conducting, "run_site", dated)

    def run(name="out", scans=("掘削 1.las", "b.las"), points=2000, **changes):
        out = tmp_path / name
        made = [make_scan(scan, points=points) for scan in scans]
        batch.run_batch(made, out, RUN, Progress(), overwrite=True, **changes)
        for result in read_results(out):
            for layer, write in (
                ("pipes", write_pipe_tiles),
                ("uncertainty", write_uncertainty_tiles),
            ):
                folder = out / "tiles" / layer / result.survey.site
                write(result.survey, result.georeference, folder)
        return out

    return run


@dataclass(frozen=True)
class Reader:
    """Somebody who follows the addresses of a publication."""

    root: Path

    def json(self, name):
        return json.loads((self.root / name).read_text("utf-8"))

    def file(self, url):
        """The file behind an absolute address."""
        assert url.startswith(BASE), url
        return self.root / unquote(url.removeprefix(BASE))

    def told(self):
        """Everything that the catalogues tell of: address, SHA-256, size."""
        for path in sorted((self.root / "stac").rglob("*.json")):
            document = json.loads(path.read_text("utf-8"))
            for asset in document.get("assets", {}).values():
                file = (path.parent / unquote(asset["href"])).resolve()
                yield file, asset["file:checksum"].removeprefix("1220"), asset["file:size"]
        for dataset in self.json("dcat.jsonld")["dcat:dataset"]:
            for each in dataset["dcat:distribution"]:
                checksum = each["spdx:checksum"]["spdx:checksumValue"]["@value"]
                size = int(each["dcat:byteSize"]["@value"])
                yield self.file(each["dcat:downloadURL"]["@id"]), checksum, size
        for package in self.packages():
            for each in package["resources"]:
                checksum = each["hash"].removeprefix("sha256:")
                yield self.file(each["url"]), checksum, each["size"]
        for name, held in self.json("publication.json")["files"].items():
            yield self.root / name, held["sha256"], held["size"]

    def packages(self):
        text = (self.root / "ckan.jsonl").read_text("utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def check(self):
        """Everything that is told of is there as it is told; return how much it was."""
        count = 0
        for file, checksum, size in self.told():
            data = file.read_bytes()
            assert (hashlib.sha256(data).hexdigest(), len(data)) == (checksum, size), file
            count += 1
        return count

    def state(self):
        """Content and time of every file."""
        return {
            path.relative_to(self.root).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
            for path in self.root.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def publish_to(tmp_path):
    """Return a function that publishes runs and returns a reader and what was done."""

    def call(*outs, to="pub", config=None, **how):
        done = publish(outs, tmp_path / to, config or owner(), Progress(), **how)
        return Reader(tmp_path / to), done

    return call
