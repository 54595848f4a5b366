"""Writing XML: elements with text, and whole documents."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lxml import etree

from twin_pipeline.export.files import staged

Element = Any
"""An lxml element."""


def new_root(
    name: str, namespace: str, prefixes: Mapping[str, str] = MappingProxyType({})
) -> Element:
    """Return the root of a document whose elements are of the namespace."""
    # lxml takes None for the default namespace, which its stubs don't know.
    names: Any = {None: namespace, **prefixes}
    return etree.Element(f"{{{namespace}}}{name}", nsmap=names)


def child(
    parent: Element, name: str, text: str | None = None, attributes: Mapping[str, str] | None = None
) -> Element:
    """Append an element of the parent's namespace; all text is escaped when it is written."""
    namespace = etree.QName(parent).namespace
    element = etree.SubElement(parent, f"{{{namespace}}}{name}", dict(attributes or {}))
    element.text = text
    return element


def document(root: Element) -> bytes:
    """Return the document as UTF-8 with a declaration, indented."""
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def write_xml(path: Path, root: Element) -> Path:
    """Write a document, complete or not at all."""
    with staged(path) as beside:
        beside.write_bytes(document(root))
    return path
