"""The publication as packages of CKAN, one JSON object a line, as `ckanapi load` takes them."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from twin_pipeline.publication.told import Asset, Box, SiteTold, Text, Told

NAME = "ckan.jsonl"

_TAG = re.compile(r"[^\w.\- ]")
_LONGEST_TAG = 100

Package = dict[str, Any]


def ckan_document(told: Told) -> bytes:
    """Return the packages as JSON lines."""
    lines = (json.dumps(package, ensure_ascii=False) for package in ckan_packages(told))
    return ("\n".join(lines) + "\n").encode()


def ckan_packages(told: Told) -> list[Package]:
    """Return a package for all sites, and one a site where there are several."""
    whole = _package(
        told,
        told.options.name,
        told.title,
        told.description,
        told.assets if len(told.sites) > 1 else (*told.assets, *told.sites[0].assets),
        _extras_of_all(told),
        told.bounds,
    )
    if len(told.sites) == 1:
        return [whole]
    return [whole, *(_site(site, told) for site in told.sites)]


def _site(site: SiteTold, told: Told) -> Package:
    name = f"{told.options.name}-{site.slug}"[:100]
    extras = _extras(site)
    return _package(told, name, site.title, site.description, site.assets, extras, site.bounds)


def _package(
    told: Told,
    name: str,
    title: Text,
    description: Text,
    assets: Iterable[Asset],
    extras: Mapping[str, object],
    bounds: Box | None,
) -> Package:
    options = told.options
    package: Package = {
        "name": name,
        "title": title.both,
        "notes": f"{description.ja}\n\n{description.en}",
        "tags": [{"name": tag} for tag in _tags((*options.keywords_ja, *options.keywords_en))],
        "license_id": "notspecified" if told.licence is None else told.licence.ckan,
        "url": told.url("index.html"),
        "version": told.updated.date().isoformat(),
        "resources": [_resource(asset, told) for asset in assets],
        "extras": [{"key": key, "value": str(value)} for key, value in extras.items()],
    }
    if bounds is not None:
        package["extras"].append({"key": "spatial", "value": json.dumps(_polygon(bounds))})
    if options.ckan_organization is not None:
        package["owner_org"] = options.ckan_organization
    publisher = options.publisher_ja or options.publisher_en
    if publisher is not None:
        package["author"] = package["maintainer"] = publisher
    if options.contact is not None and options.contact.startswith("mailto:"):
        package["maintainer_email"] = options.contact.removeprefix("mailto:")
    return package


def _resource(asset: Asset, told: Told) -> dict[str, Any]:
    return {
        "name": asset.title.both,
        "description": f"SHA-256 {asset.sha256}",
        "url": told.url(asset.path),
        "format": asset.format,
        "mimetype": asset.media_type.split(";")[0],
        "size": asset.size,
        "hash": f"sha256:{asset.sha256}",
    }


def _shared(told: Told) -> dict[str, object]:
    licence = told.licence
    stated = {
        "title_ja": told.title.ja,
        "title_en": told.title.en,
        "license": None if licence is None else licence.name,
        "license_url": None if licence is None else licence.url,
        "attribution": told.options.attribution,
        "stac": told.url("stac/catalog.json"),
        "dcat": told.url("dcat.jsonld"),
    }
    return {key: value for key, value in stated.items() if value is not None}


def _extras_of_all(told: Told) -> dict[str, object]:
    first, last = told.dates
    systems = {f"{site.system.name} + {site.system.vertical}" for site in told.sites}
    only = _extras(told.sites[0]) if len(told.sites) == 1 else {}
    return {
        **_shared(told),
        "survey_date_first": first,
        "survey_date_last": last,
        "crs": "; ".join(sorted(systems)),
        "sites": len(told.sites),
        **only,
    }


def _extras(site: SiteTold) -> dict[str, object]:
    accuracy = {} if site.accuracy is None else site.accuracy.to_dict()
    return {
        "site": site.name,
        "survey_date": site.date,
        "survey_date_source": site.date_source,
        "crs": site.system.name,
        "vertical_datum": site.system.vertical,
        "geoid": site.system.geoid or "-",
        "pipes": site.pipes,
        "pipes_length_m": "-" if site.length_m is None else round(site.length_m, 3),
        "scan_sha256": site.sha256 or "-",
        **{f"accuracy_{key}": value for key, value in accuracy.items()},
    }


def _tags(words: Iterable[str]) -> list[str]:
    """Return words as CKAN takes them: letters of all languages, digits, space and -_. only."""
    clean = (_TAG.sub(" ", word).strip()[:_LONGEST_TAG] for word in words)
    return list(dict.fromkeys(tag for tag in clean if len(tag) > 1))


def _polygon(bounds: Box) -> dict[str, Any]:
    west, south, _, east, north, _ = bounds
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}
