"""Which dropped files are meant to be scans, and which site a scan is."""

from pathlib import PurePosixPath

SCANS = {".las", ".laz", ".e57", ".ply"}
MANIFESTS = {".toml", ".csv"}
NO_SCANS = {
    ".zip", ".7z", ".rar", ".gz", ".tgz", ".rcp", ".rcs", ".fls", ".lsproj", ".pts", ".ptx", ".xyz",
    ".pcd", ".obj", ".glb", ".gltf", ".usdz", ".fbx", ".stl", ".dae",
}  # fmt: skip
"""Formats that scanners and phones also write: whoever drops one waits for an answer."""

_PASSING = (
    ".part", ".filepart", ".crdownload", ".download", ".opdownload", ".partial", ".tmp", ".temp",
    ".!ut", ".!qb", ".aria2", ".swp", ".bak", ".lock", ".writing", ".uploading", ".upload", ".copy",
)  # fmt: skip
_RESULT = ".result"


def is_passing(name: str) -> bool:
    """Whether a name is one that programs give to files that they are still writing."""
    part = PurePosixPath(name).name
    lower = part.lower()
    if lower.endswith(_PASSING) or lower.startswith((".", "~$", "~")):
        return True
    return any(folder.startswith(".") for folder in PurePosixPath(name).parts[:-1])


def suffix_of(name: str) -> str:
    """Return a name's suffix, in lower case."""
    return PurePosixPath(name).suffix.lower()


def site_name(name: str) -> str:
    """Return the site that a scan is alone: its name, with its folders before it."""
    path = PurePosixPath(name)
    return "_".join([*path.parts[:-1], path.stem])


def answers_to(name: str) -> tuple[str, str]:
    """Return the names of the result files: for programs, and for people."""
    return f"{name}{_RESULT}.json", f"{name}{_RESULT}.txt"
