"""A publication on a plain web server, opened in the browser by a link to a place."""

import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlencode

import pytest

from browser.site import SITE, write_site
from twin_pipeline.config import Config, to_toml
from twin_pipeline.crs import restore
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.site_record import NAME, write_site_record
from twin_pipeline.output import read_record
from twin_pipeline.progress import Progress
from twin_pipeline.publishing import publish


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def address(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    survey = write_site(out)
    (out / "config.toml").write_text(to_toml(Config()), encoding="utf-8")
    georeference = restore(read_record(out)["sites"][0]["crs"])
    shutil.rmtree(out / "sites")
    (out / "sites" / SITE).mkdir(parents=True)
    write_site_record(SiteResult(survey, georeference), out / "sites" / SITE / NAME)
    folder = tmp_path / "www" / "open data"
    publish([out], folder, Config(), Progress())
    handler = partial(_Silent, directory=str(folder.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        view = {"site": SITE, "pipe": survey.pipes[0].pipe_id, "chainage": "2.000"}
        root = f"http://127.0.0.1:{server.server_address[1]}/open%20data/index.html"
        yield f"{root}#{urlencode(view)}"
        server.shutdown()


def test_a_plain_server_shows_the_place_of_a_link(context, address):
    page = context.new_page()
    refused = []
    page.on("response", lambda response: refused.append(response.url) if not response.ok else None)
    page.goto(address)
    page.wait_for_function("document.body.dataset.state === 'ready'")
    assert page.evaluate("document.body.dataset.tilesFailed") == "0"
    assert [url for url in refused if "favicon" not in url] == []
    assert SITE in page.title()
    assert page.locator("#sidebar [aria-current=true]").count() == 1
    page.close()
