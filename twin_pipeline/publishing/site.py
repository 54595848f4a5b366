"""One site as it is published: its results and its tiles, clipped and reduced."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import shapely

from twin_pipeline.crs import Georeference
from twin_pipeline.errors import InputError
from twin_pipeline.export.attributes import PIPES, SiteResult
from twin_pipeline.export.ground_mesh import GroundMesh, ground_mesh
from twin_pipeline.export.withheld import Withheld
from twin_pipeline.model import Survey
from twin_pipeline.progress import Progress
from twin_pipeline.publishing.clip import Clipped, clip_result, clipped_mesh, trench_of
from twin_pipeline.publishing.points import write_part
from twin_pipeline.publishing.policy import Policy
from twin_pipeline.publishing.reduce import reduce_result, withheld_of
from twin_pipeline.publishing.sources import SiteSource
from twin_pipeline.tiles import write_pipe_tiles, write_uncertainty_tiles
from twin_pipeline.tiles.root import LAYERS

WRITERS = {"pipes": write_pipe_tiles, "uncertainty": write_uncertainty_tiles}


@dataclass(frozen=True, slots=True, eq=False)
class ReadySite:
    """A site whose tiles lie somewhere and hold nothing but what may be published."""

    source: SiteSource
    result: SiteResult
    tilesets: Mapping[str, Path]
    """tileset.json by layer, for the layers that are published."""
    trench: shapely.Geometry | None
    """What it was clipped to; None where it was not."""

    @property
    def name(self) -> str:
        """The site's name."""
        return self.result.survey.site

    def mesh(self, survey: Survey) -> GroundMesh | None:
        """Return the ground that may be shown."""
        return ground_mesh(survey) if self.trench is None else clipped_mesh(survey, self.trench)


def ready(
    source: SiteSource, *, clip: bool, policy: Policy, folder: Path, progress: Progress
) -> ReadySite | None:
    """Return a site as it is published; None where nothing says what is inside its trench.

    Parameters
    ----------
    source
        The site.
    clip
        Whether only what lies in the trench is published.
    policy
        What is kept back.
    folder
        Where tiles that have to be made anew are written.
    progress
        Told how far it is.

    Raises
    ------
    InputError
        When the points can't be had back from the tiles.
    """
    clipped = None
    result = source.result
    if clip:
        trench = trench_of(result)
        if trench is None:
            return None
        slab_m = source.config.cross_sections.thickness_m
        clipped = clip_result(result, trench, slab_m)
        result = clipped.result
    withheld = withheld_of(policy)
    result = reduce_result(result, withheld)
    tilesets = {}
    for layer in LAYERS:
        made = _tileset(source, layer, result, clipped, policy, folder, progress)
        if made is not None:
            tilesets[layer] = made
    return ReadySite(source, result, tilesets, None if clipped is None else clipped.trench)


def _tileset(
    source: SiteSource,
    layer: str,
    result: SiteResult,
    clipped: Clipped | None,
    policy: Policy,
    folder: Path,
    progress: Progress,
) -> Path | None:
    present = source.tiles(layer)
    if layer in policy.layers.tiles or not present.is_file():
        return None
    out = folder / layer / source.name
    if layer in WRITERS:
        withheld = withheld_of(policy)
        if clipped is None and "pipes" not in withheld.attributes:
            return present
        if not result.survey.pipes:
            return None
        _write_pipes(layer, source, result, withheld, out)
        return out / "tileset.json"
    if clipped is None and not policy.changes_points:
        return present
    written = write_part(
        present,
        out,
        trench=None if clipped is None else clipped.trench,
        labels=None if clipped is None else clipped.labels,
        policy=policy,
        georeference=_georeference(source),
        options=source.config.tiles,
        tell=_teller(source, progress),
    )
    return out / "tileset.json" if written else None


def _write_pipes(
    layer: str, source: SiteSource, result: SiteResult, withheld: Withheld, out: Path
) -> None:
    fields = withheld.fields(PIPES)
    compression = source.config.tiles.compression
    WRITERS[layer](result.survey, _georeference(source), out, fields, compression)


def _georeference(source: SiteSource) -> Georeference:
    found = source.result.georeference
    if not isinstance(found, Georeference):
        raise InputError(f"{source.out}: site {source.name} has no place on the earth")
    return found


def _teller(source: SiteSource, progress: Progress) -> Callable[[str, int], None]:
    total = len(source.result.survey.point_labels)

    def tell(stage: str, points: int) -> None:
        if stage == "build":
            progress.advance(points, max(total, points))

    return tell
