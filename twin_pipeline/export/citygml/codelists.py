"""The code lists: which codes there are, and the folder that goes beside the files."""

import tomllib
from functools import cache
from pathlib import Path

from lxml import etree

from twin_pipeline.errors import UsageError
from twin_pipeline.export.citygml.elements import GML, XSI, qualified

_SOURCE = Path(__file__).parents[2] / "data" / "plateau_codelists.toml"
_PROFILE = (
    "http://www.opengis.net/gml "
    "http://schemas.opengis.net/gml/3.1.1/profiles/SimpleDictionary/1.0.0/"
    "gmlSimpleDictionaryProfile.xsd"
)


@cache
def code_lists() -> dict[str, dict[str, str]]:
    """Return labels by list and code."""
    lists: dict[str, dict[str, str]] = tomllib.loads(_SOURCE.read_text(encoding="utf-8"))
    return lists


def require_code(key: str, code: str | None) -> None:
    """Raise UsageError unless the list has the code of `occupier` or `administrator`, if any."""
    name = {"occupier": "occupierName"}.get(key, key)
    known = code_lists()[f"UtilityNetworkElement_{name}"]
    if code is not None and code not in known:
        listed = ", ".join(f"{code} {label}" for code, label in known.items())
        raise UsageError(f"export.citygml_{key} = {code!r}: the code list {name} has {listed}")


def write_code_lists(folder: Path) -> list[Path]:
    """Write every list as a gml:Dictionary into the folder, made if absent."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, labels in code_lists().items():
        path = folder / f"{name}.xml"
        path.write_bytes(_dictionary(name, labels))
        written.append(path)
    return written


def _dictionary(name: str, labels: dict[str, str]) -> bytes:
    root = etree.Element(qualified("gml:Dictionary"), nsmap={"gml": GML, "xsi": XSI})
    root.set(qualified("xsi:schemaLocation"), _PROFILE)
    root.set(qualified("gml:id"), f"cl_{name}")
    etree.SubElement(root, qualified("gml:name")).text = name
    for number, (code, label) in enumerate(labels.items(), start=1):
        entry = etree.SubElement(root, qualified("gml:dictionaryEntry"))
        definition = etree.SubElement(entry, qualified("gml:Definition"))
        definition.set(qualified("gml:id"), f"{name}_{number}")
        etree.SubElement(definition, qualified("gml:description")).text = label
        etree.SubElement(definition, qualified("gml:name")).text = code
    text: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return text
