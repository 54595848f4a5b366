"""Shapefiles, a file a layer, with text in UTF-8 or in CP932 (Shift JIS).

Column names are those of a fixed table, because a DBF has no room for more than ten bytes. Text
that is longer than the 254 bytes of a DBF is cut at a character, with a warning; the provenance,
which would not fit, is a CSV file.
"""

from dataclasses import replace
from pathlib import Path

from twin_pipeline.export.attributes import GeometryKind
from twin_pipeline.export.charset import fitting_bytes
from twin_pipeline.export.csv_text import BYTE_ORDER_MARK, csv_text
from twin_pipeline.export.dataset import Dataset
from twin_pipeline.export.files import write_text
from twin_pipeline.export.ogr import DBF_TEXT_BYTES, plane_crs, write_shape_layer
from twin_pipeline.export.rows import Table, Value

SHORT_NAMES = {
    "site": "SITE",
    "pipe_id": "PIPE_ID",
    "role": "ROLE",
    "material": "MATERIAL",
    "outer_diameter_m": "OD_M",
    "outer_diameter_std_m": "OD_STD_M",
    "nominal_diameter_mm": "DN_MM",
    "nominal_probability": "DN_PROB",
    "length_m": "LENGTH_M",
    "cover_min_m": "COV_MIN_M",
    "cover_mean_m": "COV_MEAN_M",
    "cover_max_m": "COV_MAX_M",
    "cover_std_m": "COV_STD_M",
    "crown_z_start_m": "CRN_Z_ST_M",
    "crown_z_end_m": "CRN_Z_EN_M",
    "centre_z_start_m": "CTR_Z_ST_M",
    "centre_z_end_m": "CTR_Z_EN_M",
    "position_std_h_m": "STD_H_M",
    "position_std_v_m": "STD_V_M",
    "arc_deg": "ARC_DEG",
    "fit_rms_m": "FIT_RMS_M",
    "points": "POINTS",
    "observed_fraction": "OBS_FRAC",
    "quality": "QUALITY",
    "quality_reason": "QUAL_WHY",
    "construction_no": "CONSTR_NO",
    "route_name": "ROUTE_NAME",
    "laid_fiscal_year": "LAID_FY",
    "joint_type": "JOINT_TYPE",
    "chainage_m": "CHAINAGE_M",
    "easting_m": "EASTING_M",
    "northing_m": "NORTHING_M",
    "ground_z_m": "GROUND_Z_M",
    "crown_z_m": "CROWN_Z_M",
    "centre_z_m": "CENTRE_Z_M",
    "cover_m": "COVER_M",
    "observed": "OBSERVED",
    "offset_m": "OFFSET_M",
    "plan_deviation_m": "DEV_PLAN_M",
    "level_deviation_m": "DEV_LEVL_M",
    "cover_deviation_m": "DEV_COVR_M",
    "kind": "KIND",
    "angle_deg": "ANGLE_DEG",
    "catalogue_angle_deg": "CAT_ANG_D",
    "radius_m": "RADIUS_M",
    "chainage_std_m": "CHAIN_STD",
    "branch_id": "BRANCH_ID",
    "area_m2": "AREA_M2",
}


def write_shapefile(dataset: Dataset, folder: Path) -> list[Path]:
    """Write a Shapefile a layer, text in UTF-8, and provenance.csv."""
    return _write(dataset, folder, "UTF-8")


def write_shapefile_cp932(dataset: Dataset, folder: Path) -> list[Path]:
    """Write a Shapefile a layer, text in CP932, and provenance.csv."""
    return _write(dataset, folder, "CP932")


def _write(dataset: Dataset, folder: Path, encoding: str) -> list[Path]:
    for table in dataset.tables():
        if table.layer.geometry is GeometryKind.NONE:
            write_text(folder / f"{table.layer.name}.csv", BYTE_ORDER_MARK + csv_text(table))
            continue
        path = folder / f"{table.layer.name}.shp"
        names = [SHORT_NAMES[spec.name] for spec in table.layer.fields]
        fitting = _fitting(dataset, table, encoding)
        write_shape_layer(path, fitting, names, encoding, plane_crs(dataset.target))
    return sorted(folder.iterdir())


def _fitting(dataset: Dataset, table: Table, encoding: str) -> Table:
    """Return the table with texts that a DBF can hold, and tell what was changed."""
    rows = tuple(tuple(_value(v, encoding) for v in row) for row in table.rows)
    for row, kept in zip(table.rows, rows, strict=True):
        for spec, before, after in zip(table.layer.fields, row, kept, strict=True):
            if before != after:
                dataset.warn(
                    f"{table.layer.name}.dbf: {spec.name} of {row[0]} {row[1]} is not kept as a "
                    f"whole in {encoding}: {before!r} became {after!r}"
                )
    return replace(table, rows=rows)


def _value(value: Value, encoding: str) -> Value:
    return fitting_bytes(value, encoding, DBF_TEXT_BYTES) if isinstance(value, str) else value
