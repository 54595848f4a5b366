"""What a format is given: sites, the coordinate system to write them in, and how to tell things."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from twin_pipeline.crs import Target
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.options import ExportOptions
from twin_pipeline.export.rows import (
    Table,
    fittings_table,
    pipes_table,
    provenance_table,
    stations_table,
    trench_table,
)
from twin_pipeline.export.withheld import NOTHING, Withheld
from twin_pipeline.model import FloatArray, Pipe

Builder = Callable[[Sequence[SiteResult]], Table]

BUILDERS: tuple[Builder, ...] = (
    pipes_table,
    stations_table,
    fittings_table,
    trench_table,
    provenance_table,
)


def _ignored(_: str) -> None:
    """Take a remark that nobody wants to hear."""


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Sites that share one file, and the coordinate system of this file."""

    results: tuple[SiteResult, ...]
    target: Target
    options: ExportOptions = field(default_factory=ExportOptions)
    warn: Callable[[str], None] = _ignored
    """Takes what a user must know of the files: what could not be kept, and why."""
    withheld: Withheld = NOTHING
    """What the files are not to hold."""

    def place(self, result: SiteResult, shape: FloatArray) -> FloatArray:
        """Return (K, 3), (K, 2) or (3,) coordinates of a site, scan frame, in the target system.

        Two coordinates stay two: they have no height.
        """
        vertices = np.atleast_2d(shape)
        level = np.zeros((len(vertices), 3 - vertices.shape[1]))
        placed = self.target.place(result.georeference, np.hstack((vertices, level)))
        return placed[:, : vertices.shape[1]].reshape(shape.shape)

    def ground(self, result: SiteResult, pipe: Pipe) -> FloatArray:
        """Return the elevation of the ground at the pipe's stations, (S,), NaN where none is."""
        stations = pipe.stations
        placed = stations.ground_z_m.copy()
        known = np.isfinite(placed)
        if known.any():
            surface = np.column_stack((stations.centre[:, :2], placed))[known]
            placed[known] = self.place(result, surface)[:, 2]
        return placed

    def table(self, build: Builder) -> Table:
        """Return the rows of a layer over all sites, its shapes in the target system."""
        layer = build(()).layer
        built = [(result, build((result,))) for result in self.results]
        whole = Table(
            layer,
            tuple(row for _, table in built for row in table.rows),
            tuple(self.place(result, shape) for result, table in built for shape in table.shapes),
        )
        return self.withheld.reduced(whole)

    def tables(self) -> tuple[Table, ...]:
        """Return all layers of the schema that are to be written, in its order."""
        tables = (self.table(build) for build in BUILDERS)
        return tuple(table for table in tables if table.layer.name not in self.withheld.layers)


def grouped(
    results: Iterable[SiteResult], target_of: Callable[[SiteResult], Target]
) -> dict[Target, tuple[SiteResult, ...]]:
    """Return sites by the coordinate system that they are to be written in."""
    groups: dict[Target, tuple[SiteResult, ...]] = {}
    for result in results:
        target = target_of(result)
        groups[target] = (*groups.get(target, ()), result)
    return groups
