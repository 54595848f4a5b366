"""Build the viewer's static files into the package where they are not there yet."""

import shutil
import subprocess
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
VIEWER = ROOT / "viewer"
BUILT = ROOT / "twin_pipeline" / "viewer_static" / "index.html"


class BuildWithViewer(build_py):
    """Copies the package, after the viewer was built with npm."""

    def run(self) -> None:
        """Build what is missing; an editable install leaves it to `make viewer`."""
        if not self.editable_mode and not BUILT.exists() and VIEWER.is_dir():
            build_viewer()
        super().run()


def build_viewer() -> None:
    """Build the viewer into the package.

    Raises
    ------
    SystemExit
        When npm is missing.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit(
            "The viewer is not built and npm was not found: install Node.js 20 or newer, then "
            "run pip install again"
        )
    subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=VIEWER, check=True)  # noqa: S603
    subprocess.run([npm, "run", "build"], cwd=VIEWER, check=True)  # noqa: S603


setup(cmdclass={"build_py": BuildWithViewer})
