"""The publication as DCAT 3, JSON-LD; its context is in the file, so that nobody must fetch one."""

import json
from typing import Any

import numpy as np

from twin_pipeline.publication.told import Asset, Box, SiteTold, Text, Told

NAME = "dcat.jsonld"

_MEDIA_TYPE = "https://www.iana.org/assignments/media-types"
_CONTEXT = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

Node = dict[str, Any]


def dcat_document(told: Told) -> bytes:
    """Return the catalogue with a dataset for all sites and one a site."""
    catalog = {
        "@context": _CONTEXT,
        "@id": told.url(NAME),
        "@type": "dcat:Catalog",
        "dct:title": _languages(told.title),
        "dct:description": _languages(told.description),
        "dct:language": ["ja", "en"],
        "dct:modified": _typed("dateTime", told.updated.isoformat()),
        **_rights(told),
        "foaf:homepage": {"@id": told.url("index.html")},
        "dcat:dataset": [_whole(told), *(_site(site, told) for site in told.sites)],
    }
    text = json.dumps(catalog, ensure_ascii=False, allow_nan=False, indent=1)
    return (text + "\n").encode()


def _whole(told: Told) -> Node:
    first, last = told.dates
    return {
        **_dataset(told.url(f"{NAME}#all"), told.options.name, told.title, told.description, told),
        **_period(first.isoformat(), last.isoformat()),
        **_place(told.bounds),
        "dcat:landingPage": {"@id": told.url("index.html")},
        "dct:conformsTo": _systems(told.sites),
        "dct:hasPart": [{"@id": _id(site, told)} for site in told.sites],
        "dcat:distribution": [_distribution(asset, told) for asset in told.assets],
    }


def _site(site: SiteTold, told: Told) -> Node:
    day = site.date.isoformat()
    return {
        **_dataset(_id(site, told), site.slug, site.title, site.description, told),
        **_period(day, day),
        **_place(site.bounds),
        "dct:isPartOf": {"@id": told.url(f"{NAME}#all")},
        "dct:conformsTo": _systems((site,)),
        "dct:provenance": {
            "@type": "dct:ProvenanceStatement",
            "skos:prefLabel": f"scan SHA-256 {site.sha256}; survey date: {site.date_source}",
        },
        **_quality(site),
        "dcat:distribution": [_distribution(asset, told) for asset in site.assets],
    }


def _id(site: SiteTold, told: Told) -> str:
    return told.url(f"{NAME}#{site.slug}")


def _dataset(address: str, name: str, title: Text, description: Text, told: Told) -> Node:
    keywords = {"ja": told.options.keywords_ja, "en": told.options.keywords_en}
    return {
        "@id": address,
        "@type": "dcat:Dataset",
        "dct:identifier": name,
        "dct:title": _languages(title),
        "dct:description": _languages(description),
        "dcat:keyword": [
            {"@language": language, "@value": word}
            for language, words in keywords.items()
            for word in words
        ],
        "dct:language": ["ja", "en"],
        "dct:modified": _typed("dateTime", told.updated.isoformat()),
        **_rights(told),
        **_contact(told),
    }


def _rights(told: Told) -> Node:
    """Return licence, attribution and publisher, as far as they are stated."""
    options = told.options
    rights: Node = {}
    if told.licence is not None:
        rights["dct:license"] = {"@id": told.licence.url}
    if options.attribution is not None:
        rights["dct:rights"] = {
            "@type": "dct:RightsStatement",
            "skos:prefLabel": options.attribution,
        }
    names = {"ja": options.publisher_ja, "en": options.publisher_en}
    stated = [{"@language": k, "@value": name} for k, name in names.items() if name is not None]
    if stated:
        page = options.publisher_url
        known = {} if page is None else {"foaf:homepage": {"@id": page}}
        rights["dct:publisher"] = {"@type": "foaf:Agent", "foaf:name": stated, **known}
    return rights


def _contact(told: Told) -> Node:
    address = told.options.contact
    if address is None:
        return {}
    kind = "vcard:hasEmail" if address.startswith("mailto:") else "vcard:hasURL"
    return {"dcat:contactPoint": {"@type": "vcard:Kind", kind: {"@id": address}}}


def _period(first: str, last: str) -> Node:
    return {
        "dct:temporal": {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": _typed("date", first),
            "dcat:endDate": _typed("date", last),
        }
    }


def _place(bounds: Box | None) -> Node:
    if bounds is None:
        return {}
    west, south, _, east, north, _ = bounds
    ring = ((west, south), (east, south), (east, north), (west, north), (west, south))
    corners = ", ".join(f"{lon:.9f} {lat:.9f}" for lon, lat in ring)
    literal = {"@type": "geo:wktLiteral", "@value": f"POLYGON(({corners}))"}
    return {"dct:spatial": {"@type": "dct:Location", "dcat:bbox": literal}}


def _systems(sites: tuple[SiteTold, ...]) -> list[Node]:
    """Return the systems that the sites are in, with their vertical datums in words."""
    found = {}
    for system in (site.system for site in sites):
        told = f"{system.name}; {system.vertical}; geoid {system.geoid or '-'}"
        node: Node = {"@type": "dct:Standard", "skos:prefLabel": told}
        if system.uris:
            node["@id"] = system.uris[0]
        found[told] = node
    return list(found.values())


def _quality(site: SiteTold) -> Node:
    if site.accuracy is None:
        return {}
    return {
        "dqv:hasQualityMeasurement": [
            {
                "@type": "dqv:QualityMeasurement",
                "dqv:isMeasurementOf": {"@type": "dqv:Metric", "skos:prefLabel": name},
                "dqv:value": _typed("integer", str(value))
                if isinstance(value, int)
                else _typed("decimal", np.format_float_positional(value, trim="0")),
            }
            for name, value in site.accuracy.to_dict().items()
        ]
    }


def _distribution(asset: Asset, told: Told) -> Node:
    address = told.url(asset.path)
    return {
        "@id": f"{address}#distribution",
        "@type": "dcat:Distribution",
        "dct:title": _languages(asset.title),
        "dcat:accessURL": {"@id": address},
        "dcat:downloadURL": {"@id": address},
        "dcat:mediaType": {"@id": f"{_MEDIA_TYPE}/{asset.media_type.split(';')[0]}"},
        "dct:format": asset.format,
        "dcat:byteSize": _typed("nonNegativeInteger", str(asset.size)),
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": _typed("hexBinary", asset.sha256),
        },
        **({} if told.licence is None else {"dct:license": {"@id": told.licence.url}}),
    }


def _languages(text: Text) -> list[Node]:
    return [{"@language": "ja", "@value": text.ja}, {"@language": "en", "@value": text.en}]


def _typed(kind: str, value: str) -> Node:
    return {"@type": f"xsd:{kind}", "@value": value}
