"""The publication as a STAC catalogue: one collection, one item a site.

Links are relative and each document knows its own absolute address, so that the catalogue can be
served from a copy as well.
"""

import datetime as dt
from typing import Any

import pystac
from pystac.extensions.file import FileExtension
from pystac.extensions.pointcloud import (
    PointcloudExtension,
    Schema,
    SchemaType,
    Statistic,
)
from pystac.extensions.projection import ProjectionExtension

from twin_pipeline.durable.scratch import scratch
from twin_pipeline.publication.told import Asset, SiteTold, Told

CATALOG = "stac/catalog.json"
JST = dt.timezone(dt.timedelta(hours=9))
_SHA256 = "1220"
"""Begins a multihash of SHA-256."""
_NOWHERE = (-180.0, -90.0, 180.0, 90.0)


def stac_documents(told: Told) -> dict[str, bytes]:
    """Return the catalogue's files by path in the publication, each after what it leads to."""
    catalog = pystac.Catalog(
        told.options.name,
        description=told.description.both,
        title=told.title.both,
        catalog_type=pystac.CatalogType.RELATIVE_PUBLISHED,
    )
    collection = _collection(told)
    catalog.add_child(collection)
    for site in told.sites:
        collection.add_item(_item(site, told))
    return _files(catalog, told)


def _files(catalog: pystac.Catalog, told: Told) -> dict[str, bytes]:
    """Let pystac write the files, and return them."""
    root = told.url(CATALOG).rsplit("/", 1)[0]
    catalog.normalize_hrefs(root, strategy=_Places())
    _make_assets_relative(catalog)
    with scratch() as folder:
        catalog.save(dest_href=str(folder))
        found = {
            f"stac/{path.relative_to(folder).as_posix()}": path.read_bytes()
            for path in folder.rglob("*.json")
        }
    return dict(sorted(found.items(), key=lambda file: -file[0].count("/")))


class _Places(pystac.layout.HrefLayoutStrategy):
    """stac/catalog.json, stac/NAME/collection.json, stac/NAME/SITE/SITE.json."""

    def get_catalog_href(self, cat: pystac.Catalog, parent_dir: str, is_root: bool) -> str:  # noqa: ARG002, FBT001
        return f"{parent_dir}/catalog.json"

    def get_collection_href(
        self,
        col: pystac.Collection,
        parent_dir: str,
        is_root: bool,  # noqa: ARG002, FBT001
    ) -> str:
        return f"{parent_dir}/{col.id}/collection.json"

    def get_item_href(self, item: pystac.Item, parent_dir: str) -> str:
        return f"{parent_dir}/{item.id}/{item.id}.json"


def _make_assets_relative(catalog: pystac.Catalog) -> None:
    holders = [*catalog.get_children(), *catalog.get_items(recursive=True)]
    for holder in holders:
        assert isinstance(holder, pystac.Collection | pystac.Item)  # noqa: S101 - made above
        for asset in holder.assets.values():
            asset.href = pystac.utils.make_relative_href(asset.href, holder.self_href)


def _collection(told: Told) -> pystac.Collection:
    first, last = told.dates
    bounds = told.bounds
    collection = pystac.Collection(
        told.options.name,
        description=told.description.both,
        title=told.title.both,
        license=_licence(told),
        keywords=[*told.options.keywords_ja, *told.options.keywords_en],
        providers=_providers(told),
        extent=pystac.Extent(
            pystac.SpatialExtent([list(bounds or _NOWHERE)]),
            pystac.TemporalExtent([[_midnight(first), _midnight(last)]]),
        ),
        summaries=pystac.Summaries(
            {
                "proj:code": sorted({site.system.code for site in told.sites if site.system.code}),
                "vertical_datum": sorted({site.system.vertical for site in told.sites}),
            }
        ),
        extra_fields=_texts(told.title, told.description) | _attribution(told),
        assets={asset.key: _asset(asset, told) for asset in told.assets},
    )
    FileExtension.add_to(collection)
    ProjectionExtension.add_to(collection)
    if told.licence is not None:
        link = pystac.Link(pystac.RelType.LICENSE, told.licence.url, title=told.licence.name)
        collection.add_link(link)
    collection.add_link(pystac.Link("preview", told.url("index.html"), "text/html", "3D"))
    return collection


def _item(site: SiteTold, told: Told) -> pystac.Item:
    bounds = site.bounds
    item = pystac.Item(
        site.slug,
        geometry=_geometry(site),
        bbox=None if bounds is None else list(bounds),
        datetime=_midnight(site.date),
        properties={
            "title": site.title.both,
            "description": site.description.both,
            "created": _instant(told.updated),
            "updated": _instant(told.updated),
            "keywords": [*told.options.keywords_ja, *told.options.keywords_en],
            "license": _licence(told),
            "providers": [provider.to_dict() for provider in _providers(told)],
            **_texts(site.title, site.description),
            **_attribution(told),
            **_measured(site),
        },
        assets={asset.key: _asset(asset, told) for asset in site.assets},
    )
    projection = ProjectionExtension.ext(item, add_if_missing=True)
    projection.apply(
        code=site.system.code,
        wkt2=site.system.wkt,
        bbox=None if site.projected is None else list(site.projected),
    )
    if site.points is not None:
        _add_points(item, site, told)
    FileExtension.add_to(item)
    if told.licence is not None:
        link = pystac.Link(pystac.RelType.LICENSE, told.licence.url, title=told.licence.name)
        item.add_link(link)
    return item


def _add_points(item: pystac.Item, site: SiteTold, told: Told) -> None:
    points = site.points
    assert points is not None  # noqa: S101 - the caller has looked
    PointcloudExtension.ext(item, add_if_missing=True).apply(
        count=points.count,
        type=told.options.point_source,
        encoding="3D Tiles",
        schemas=[
            Schema({"name": name, "size": size, "type": SchemaType(kind)})
            for name, size, kind in points.schemas
        ],
        density=points.density_per_m2,
        statistics=[
            Statistic({"name": name, "minimum": least, "maximum": most})
            for name, (least, most) in points.ranges.items()
        ]
        or None,
    )


def _measured(site: SiteTold) -> dict[str, Any]:
    """Return what no extension has a word for, under names that say what it is."""
    system = {"vertical_datum": site.system.vertical, "geoid": site.system.geoid}
    found: dict[str, Any] = {
        "site": site.name,
        "survey_date": site.date.isoformat(),
        "survey_date_source": site.date_source,
        **system,
        "pipes": site.pipes,
        "pipes_length_m": None if site.length_m is None else round(site.length_m, 3),
        "cover_min_m": site.cover_min_m,
        "accuracy": None if site.accuracy is None else site.accuracy.to_dict(),
        "scan_sha256": site.sha256,
    }
    return {name: value for name, value in found.items() if value is not None}


def _asset(asset: Asset, told: Told) -> pystac.Asset:
    return pystac.Asset(
        told.url(asset.path),
        title=asset.title.both,
        media_type=asset.media_type,
        roles=[asset.role],
        extra_fields={"file:checksum": _SHA256 + asset.sha256, "file:size": asset.size},
    )


def _geometry(site: SiteTold) -> dict[str, Any] | None:
    if not site.outline:
        return None
    return {"type": "Polygon", "coordinates": [[list(place) for place in site.outline]]}


def _licence(told: Told) -> str:
    """Return the name that STAC knows, or `other`, which the licence's link explains."""
    known = told.licence is not None and told.licence.spdx
    return told.licence.name if told.licence is not None and known else "other"


def _providers(told: Told) -> list[pystac.Provider]:
    options = told.options
    names = dict.fromkeys(filter(None, (options.publisher_ja, options.publisher_en)))
    if not names:
        return []
    roles = [pystac.ProviderRole.PRODUCER, pystac.ProviderRole.HOST]
    return [pystac.Provider(" / ".join(names), roles=roles, url=options.publisher_url)]


def _attribution(told: Told) -> dict[str, Any]:
    return {} if told.options.attribution is None else {"attribution": told.options.attribution}


def _texts(title: Any, description: Any) -> dict[str, Any]:  # noqa: ANN401 - two `Text`
    return {
        f"{name}_{language}": getattr(text, language)
        for name, text in (("title", title), ("description", description))
        for language in ("ja", "en")
    }


def _midnight(day: dt.date) -> dt.datetime:
    """Return the beginning of a day in Japan, as UTC."""
    return dt.datetime.combine(day, dt.time(), JST).astimezone(dt.UTC)


def _instant(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
