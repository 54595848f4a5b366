"""CKAN: what `ckanapi` loads, what would be uploaded, what is, and that no key is ever told."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from publishing.conftest import BASE, owner
from publishing.portal import KEY, serving
from twin_pipeline.cli import publishing as command
from twin_pipeline.errors import OutputError, UsageError
from twin_pipeline.publishing.portal import Portal as Client


@pytest.fixture
def portal():
    with serving() as running:
        yield running


@pytest.fixture
def packages(make_run, publish_to):
    reader, done = publish_to(make_run(), config=owner(ckan_organization="waterworks"))
    assert reader.packages() == list(done.packages)
    return reader.packages()


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("CKAN_API_KEY", KEY)


def bring(portal, packages, *, upload):
    changes = Client.at(portal.url, upload=upload).bring(packages, upload=upload)
    return [(change.name, change.action) for change in changes]


def test_packages_have_all_that_is_stated(packages):
    assert packages[0]["name"] == "trench-pipes"
    assert len(packages) == 3
    for package in packages:
        extras = {extra["key"]: extra["value"] for extra in package["extras"]}
        assert package["license_id"] == "cc-by"
        assert extras["attribution" if "attribution" in extras else "vertical_datum"]
        assert package["owner_org"] == "waterworks"
        assert package["maintainer_email"] == "data@example.jp"
        assert {"水道", "water supply"} <= {tag["name"] for tag in package["tags"]}
        assert "Bureau" not in package["notes"]
        assert all(each["url"].startswith(BASE) for each in package["resources"])
    site = {extra["key"]: extra["value"] for extra in packages[1]["extras"]}
    assert site["vertical_datum"] == "JGD2011 (vertical) height"
    assert site["crs"] == "EPSG:10170"
    assert site["survey_date"] == "2026-04-30"
    assert float(site["accuracy_position_std_h_m"]) == pytest.approx(0.0031)


@pytest.mark.usefixtures("key")
def test_without_upload_nothing_is_changed(portal, packages):
    assert {action for _, action in bring(portal, packages, upload=False)} == {"create"}
    assert portal.packages == {}
    assert {action for action, _, _ in portal.asked} == {"package_show"}


@pytest.mark.usefixtures("key")
def test_upload_creates_then_keeps_then_updates(portal, packages):
    names = [package["name"] for package in packages]
    assert bring(portal, packages, upload=True) == [(name, "create") for name in names]
    assert bring(portal, packages, upload=True) == [(name, "keep") for name in names]
    assert bring(portal, packages, upload=False) == [(name, "keep") for name in names]
    kept = {p["name"]: p for p in portal.packages.values()}[names[1]]
    ids = {each["name"]: each["id"] for each in kept["resources"]}
    # what the portal's own staff adds
    kept["extras"] = [*kept["extras"], {"key": "reviewed", "value": "yes"}]
    kept["tags"] = [*kept["tags"], {"name": "checked"}]
    kept["groups"] = [{"name": "infrastructure"}]
    packages[1]["resources"][0]["url"] += "?2"
    changes = dict(bring(portal, packages, upload=True))
    assert changes == {names[0]: "keep", names[1]: "update", names[2]: "keep"}
    now = {p["name"]: p for p in portal.packages.values()}[names[1]]
    assert now["resources"][0]["url"].endswith("?2")
    assert {each["name"]: each["id"] for each in now["resources"]} == ids
    assert {"key": "reviewed", "value": "yes"} in now["extras"]
    assert {"name": "checked"} in now["tags"]
    assert now["groups"] == [{"name": "infrastructure"}]


def test_refusals_are_a_line_without_the_key(portal, packages, monkeypatch):
    monkeypatch.setenv("CKAN_API_KEY", "another-secret")
    with pytest.raises(OutputError, match="not allowed; check the key in CKAN_API_KEY") as told:
        bring(portal, packages, upload=True)
    assert "another-secret" not in str(told.value)
    assert "\n" not in str(told.value)
    monkeypatch.setenv("CKAN_API_KEY", KEY)
    packages[0]["name"] = "refused"
    with pytest.raises(OutputError, match=r"owner_org: .*An organization must be provided"):
        bring(portal, packages, upload=True)
    portal.shutdown()
    portal.server_close()
    with pytest.raises(OutputError, match=r"no answer \(.*check the address"):
        bring(portal, packages, upload=True)


@pytest.mark.usefixtures("key")
def test_a_key_goes_to_no_other_server(portal, packages):
    with serving() as other:
        portal.elsewhere = other.url
        with pytest.raises(OutputError, match="HTTP 302"):
            bring(portal, packages, upload=True)
        assert other.asked == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ckan.example.jp", "give the address of a CKAN server"),
        ("https://user:key@ckan.example.jp", "without a key"),
        ("file:///etc", "give the address of a CKAN server"),
    ],
)
def test_addresses_that_are_none(url, said):
    with pytest.raises(UsageError, match=said):
        Client.at(url, upload=False)


def test_upload_needs_a_server_and_a_key(monkeypatch):
    monkeypatch.delenv("CKAN_API_KEY", raising=False)
    with pytest.raises(UsageError, match="needs a key of the server in CKAN_API_KEY"):
        Client.at("https://ckan.example.jp", upload=True)
    given = command.Given(None, clip=False, reduce=None, ckan_url=None, ckan_upload=True)
    with pytest.raises(UsageError, match="--ckan-upload needs --ckan-url"):
        command.publish([], None, None, given, as_json=False, quiet=True)


@pytest.mark.usefixtures("key")
def test_command_tells_and_uploads(portal, make_run, tmp_path, capfd):
    out = make_run("one", ["a.las"])
    config = tmp_path / "publish.toml"
    config.write_text('[publish]\nlicence = "CC0-1.0"\n', encoding="utf-8")
    for upload, said in ((False, "would create trench-pipes"), (True, "create trench-pipes")):
        given = command.Given(
            BASE, clip=False, reduce=None, ckan_url=portal.url, ckan_upload=upload
        )
        command.publish([out], tmp_path / "pub", config, given, as_json=False, quiet=False)
        told = capfd.readouterr()
        assert said in told.out
        assert ("would" in told.out) is not upload
        assert KEY not in told.out + told.err
    assert [package["license_id"] for package in portal.packages.values()] == ["cc-zero"]
    assert KEY not in str([p.read_bytes() for p in (tmp_path / "pub").rglob("*") if p.is_file()])


def test_ckanapi_loads_the_lines(portal, packages, tmp_path):
    programs = str(Path(sys.executable).parent)
    program = shutil.which("ckanapi", path=programs)
    if program is None:
        pytest.skip("ckanapi is not installed: pip install ckanapi (it has no wheel of its own)")
    from twin_pipeline.publication.ckan import NAME

    lines = tmp_path / "pub" / NAME
    command_line = [program, "load", "datasets", "-I", lines, "-r", portal.url, "-a", KEY]
    # it calls itself again by its name
    places = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        command_line, env=places, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names = {package["name"] for package in portal.packages.values()}
    assert names == {package["name"] for package in packages}
