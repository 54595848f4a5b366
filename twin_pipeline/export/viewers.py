"""What our viewer and those of others read beside the tiles."""

from collections.abc import Sequence
from pathlib import Path

from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.catalog import write_catalogs
from twin_pipeline.export.catalog_members import CatalogOptions
from twin_pipeline.export.reearth import write_reearth
from twin_pipeline.export.tile_styles import write_styles
from twin_pipeline.export.viewer_data import write_viewer_index


def write_for_viewers(
    results: Sequence[SiteResult], out: Path, cover_limits_m: Sequence[float], base_url: str
) -> None:
    """Write what tells of all sites: viewer.json, catalogues and styles.

    Parameters
    ----------
    results
        All sites.
    out
        The output folder.
    cover_limits_m
        Covers at which the colour of pipes changes, rising.
    base_url
        Put before each relative address of the catalogues.
    """
    write_for_points(results, out, cover_limits_m, base_url)
    pipes = [pipe for result in results for pipe in result.survey.pipes]
    write_styles(pipes, cover_limits_m, out)


def write_for_points(
    results: Sequence[SiteResult], out: Path, cover_limits_m: Sequence[float], base_url: str
) -> None:
    """Write what viewers need of points alone; parameters as `write_for_viewers`."""
    write_viewer_index(results, out, cover_limits_m)
    write_catalogs(results, out, CatalogOptions(cover_limits_m, base_url))
    write_reearth(results, out / "reearth.json", base_url)
