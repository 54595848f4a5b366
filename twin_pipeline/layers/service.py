"""Layers that are services at an address: what is known of one, and what its answers are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from lxml import etree

from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.layers.ask import Answer
from twin_pipeline.layers.record import Bounds, Kind

MOST_DOCUMENT = 20 << 20
NOT_ASKED = "could not be asked ({reason}), so it was added unchecked"
SERVICE_KEYS = {"service", "request", "version", "layers", "styles", "format", "transparent",
                "width", "height", "bbox", "srs", "crs", "layer", "tilematrixset"}  # fmt: skip
"""Parameters of WMS and WMTS, which whoever asks sets anew."""


@dataclass(frozen=True, slots=True)
class Service:
    """What is known of a service."""

    kind: Kind
    url: str
    format: str
    bounds: Bounds | None = None
    min_level: int | None = None
    max_level: int | None = None
    subdomains: tuple[str, ...] = ()
    wms_layers: str | None = None
    image_format: str | None = None
    attribution: str | None = None
    licence: str | None = None
    title: str | None = None
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def origins(self) -> tuple[str, ...]:
        """Scheme, host and port that are asked for its data."""
        urls = [self.url.replace("{s}", name) for name in self.subdomains] or [self.url]
        return tuple(dict.fromkeys(origin_of(url) for url in urls))


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address.

    Raises
    ------
    UsageError
        When it is none that a viewer can ask.
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise UsageError(f"{url[:80]}: is no address ({error})") from error
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not re.fullmatch(
        r"[a-z0-9.-]+|\[[0-9a-f:]+\]", host
    ):
        raise UsageError(
            f"{url[:80]}: is no address that a browser can ask; give one that begins with http:// "
            "or https://"
        )
    if parts.username or parts.password:
        raise UsageError(
            f"{parts.scheme}://...@{host}: has a password in it, which everybody who opens the "
            "viewer would see; give an address without one"
        )
    return f"{parts.scheme}://{host}{port}"


def xml_of(answer: Answer, address: str, names: tuple[str, ...], what: str) -> Any:  # noqa: ANN401
    """Return the root of an XML document, which must have one of the names; InputError if not."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(answer.body, parser)
    except etree.XMLSyntaxError as error:
        raise InputError(f"{address}: is no {what}: it answers with {said(answer.body)}") from error
    if etree.QName(root).localname not in names:
        raise InputError(f"{address}: is no {what}: it answers with {said(answer.body)}")
    return root


def said(body: bytes) -> str:
    """Return the begin of an answer, for people."""
    text = re.sub(r"<[^>]*>", " ", body[:2000].decode("utf-8", "replace"))
    kind = "an HTML page" if re.match(rb"\s*<(!doctype html|html)", body, re.IGNORECASE) else "text"
    words = "".join(c for c in " ".join(text.split()) if c.isprintable())[:120]
    return f"{kind}: {words!r}" if body.strip() else "nothing"


def cors_note(answer: Answer, address: str) -> Iterator[str]:
    """Yield that browsers will refuse an address that does not allow other pages to read it."""
    if not answer.shared:
        yield (
            f"{origin_of(address)} does not let other pages read its data (no "
            "Access-Control-Allow-Origin), so browsers will refuse to show it"
        )


def without(address: str, keys: set[str]) -> tuple[str, dict[str, str]]:
    """Return an address without some parameters, and all parameters by lower-case name."""
    parts = urlsplit(address)
    query = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in query if name.lower() not in keys]
    base = urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(kept), ""))
    return base, {name.lower(): value for name, value in query}


def with_parameters(base: str, **parameters: str) -> str:
    """Return an address with parameters added."""
    return f"{base}{'&' if '?' in base else '?'}{urlencode(parameters)}"


def text_at(node: Any, path: str) -> str | None:  # noqa: ANN401
    """Return the text of an element, on one line; None where there is none."""
    text = node.findtext(path)
    return " ".join(text.split()) or None if text else None
