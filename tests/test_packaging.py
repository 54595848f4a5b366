"""What is handed out: the wheel, the pinned packages, the version."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import twin_pipeline

ROOT = Path(__file__).parent.parent
PINNED = ("constraints.txt", "constraints-dev.txt", "constraints-open3d.txt")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    """Build the wheel from a copy, with a stand-in for the built viewer."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    ignored = shutil.ignore_patterns("__pycache__", "viewer_static")
    shutil.copytree(ROOT / "twin_pipeline", source / "twin_pipeline", ignore=ignored)
    viewer = source / "twin_pipeline" / "viewer_static" / "assets"
    viewer.mkdir(parents=True)
    (viewer.parent / "index.html").touch()
    (viewer / "index.js").touch()
    command = ["pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", source, source]
    subprocess.run([sys.executable, "-m", *command], check=True)
    return zipfile.ZipFile(next(source.glob("*.whl")))


def test_wheel_holds_every_file_of_the_package(wheel):
    package = ROOT / "twin_pipeline"
    kinds = (".py", ".j2", ".toml", ".typed")
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in package.rglob("*")
        if path.suffix in kinds or path.name == "py.typed"
    }
    viewer = {f"twin_pipeline/viewer_static/{name}" for name in ("index.html", "assets/index.js")}
    assert (wanted | viewer) - set(wheel.namelist()) == set()


def test_wheel_holds_nothing_else(wheel):
    others = [name for name in wheel.namelist() if not name.startswith("twin_pipeline")]
    assert others == []
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())


def test_wheel_offers_the_command(wheel):
    name = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "twin-pipeline = twin_pipeline.cli:main" in wheel.read(name).decode()


@pytest.mark.parametrize("name", PINNED)
def test_pinned_packages_name_only_versions_and_hashes(name):
    lines = (ROOT / name).read_text("utf-8").splitlines()
    package = r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; [a-zA-Z_' =!<>0-9.()]+)? \\"
    digest = r"    --hash=sha256:[0-9a-f]{64}( \\)?"
    strange = [line for line in lines if not re.fullmatch(f"{package}|{digest}", line)]
    assert strange == []


def test_pinned_packages_fit_to_each_other_and_to_the_project():
    run, dev, aligning = (_pins((ROOT / name).read_text("utf-8")) for name in PINNED)
    run.pop("setuptools")  # only builds the project
    assert run.items() <= dev.items()
    assert run.items() <= aligning.items(), "environments lie over each other: make lock"
    assert all(dev.get(name, pinned) == pinned for name, pinned in aligning.items())
    assert "open3d-cpu" in aligning
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    for requirement in asked:
        name = re.split(r"[\[>=<]", requirement)[0]
        assert name in dev, f"{name} is not pinned: make lock"


def _pins(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, flags=re.MULTILINE))


def test_bill_of_materials_has_every_package_with_its_hashes(tmp_path):
    command = [sys.executable, ROOT / "docs" / "make_sbom.py", "-o", tmp_path / "sbom.json"]
    subprocess.run(command, check=True)
    bill = json.loads((tmp_path / "sbom.json").read_text("utf-8"))
    pinned = (ROOT / "constraints.txt").read_text("utf-8")
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    assert sum(len(one["hashes"]) for one in bill["components"]) == pinned.count("--hash=")
    versions = {(one["name"], one["version"]) for one in bill["components"]}
    assert versions == set(_all_pins(pinned))
    assert any(one.get("licenses") for one in bill["components"])


def _all_pins(text: str) -> list[tuple[str, str]]:
    return re.findall(r"^([a-z0-9-]+)==(\S+)", text, flags=re.MULTILINE)


def test_changelog_knows_the_version():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "## [Unreleased]" in text or f"## [{twin_pipeline.__version__}]" in text
