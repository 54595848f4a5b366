"""FlatGeobuf, a file a layer; the provenance, which has no geometry, is a CSV file."""

from pathlib import Path

from twin_pipeline.export.attributes import GeometryKind
from twin_pipeline.export.csv_text import BYTE_ORDER_MARK, csv_text
from twin_pipeline.export.dataset import Dataset
from twin_pipeline.export.files import write_text
from twin_pipeline.export.ogr import plane_crs, write_layer


def write_flatgeobuf(dataset: Dataset, folder: Path) -> list[Path]:
    """Write a spatially indexed file a layer, and provenance.csv."""
    for table in dataset.tables():
        if table.layer.geometry is GeometryKind.NONE:
            write_text(folder / f"{table.layer.name}.csv", BYTE_ORDER_MARK + csv_text(table))
        else:
            path = folder / f"{table.layer.name}.fgb"
            write_layer(path, table, driver="FlatGeobuf", crs=plane_crs(dataset.target))
    return sorted(folder.iterdir())
