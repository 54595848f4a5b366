"""Write the bill of materials: every pinned package with version, hashes and licence.

`make sbom` writes sbom.json in the CycloneDX format, version 1.5, from constraints.txt; equal pins
give an equal file.
"""

import argparse
import json
import re
import uuid
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import twin_pipeline

ROOT = Path(__file__).parent.parent
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def bill(pinned: str) -> dict[str, Any]:
    """Return the bill of the packages in the text of a constraints file."""
    components = list(_components(pinned))
    number = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(components, sort_keys=True))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{number}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "twin-pipeline",
                "name": "twin-pipeline",
                "version": twin_pipeline.__version__,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": components,
        "dependencies": [
            {"ref": "twin-pipeline", "dependsOn": [one["bom-ref"] for one in components]}
        ],
    }


def _components(pinned: str) -> Iterator[dict[str, Any]]:
    for block in re.split(r"\n(?=\S)", pinned):
        found = _PIN.match(block)
        if found is None:
            continue
        name, version = found["name"], found["version"]
        address = f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"
        yield {
            "type": "library",
            "bom-ref": address,
            "name": name,
            "version": version,
            "purl": address,
            "hashes": [{"alg": "SHA-256", "content": h} for h in _HASH.findall(block)],
            **_licence(name),
        }


def _licence(name: str) -> dict[str, Any]:
    """Return the licence that an installed package states; nothing where it isn't installed."""
    try:
        stated = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return {}
    expression = stated.get("License-Expression")
    if expression:
        return {"licenses": [{"expression": expression}]}
    classes = [c for c in stated.get_all("Classifier") or [] if c.startswith("License ::")]
    names = [c.rsplit(" :: ", 1)[-1] for c in classes]
    return {"licenses": [{"license": {"name": name}} for name in names]} if names else {}


def main() -> None:
    """Run by command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("sbom.json"))
    given = parser.parse_args()
    made = bill((ROOT / "constraints.txt").read_text("utf-8"))
    given.output.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
