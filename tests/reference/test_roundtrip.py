"""What is exported can be the design of the next survey: read back, nothing deviates."""

import numpy as np
import pytest
from factories import make_result, make_survey

from reference.made import georeference
from twin_pipeline.export.attributes import STATIONS
from twin_pipeline.export.further import write_format
from twin_pipeline.export.options import ExportOptions
from twin_pipeline.export.rows import stations_table
from twin_pipeline.reference import (
    BoundaryOptions,
    CoverOptions,
    DesignOptions,
    References,
    with_references,
)


@pytest.mark.parametrize(
    ("name", "file", "said"),
    [
        ("landxml", "pipes.xml", {}),
        ("dxf", "pipes.dxf", {"line": "WATER_*"}),
        ("dxf", "pipes.dxf", {}),
        ("geojson", "pipes.geojson", {"vertical": "ellipsoidal"}),
    ],
)
def test_exports_are_designs(tmp_path, name, file, said):
    survey = make_survey(pipes=make_survey().pipes[:2], gates=(), warnings=())
    result = make_result(survey, georeference=georeference())
    folder = write_format(name, [result], tmp_path / name, ExportOptions(), print)
    design = DesignOptions(file=folder / file, **said)
    options = References(BoundaryOptions(), design, CoverOptions())
    compared = with_references(result, result.georeference, options)
    names = [spec.name for spec in STATIONS.fields]
    rows = [dict(zip(names, row, strict=True)) for row in stations_table([compared]).rows]
    for column in ("plan_deviation_m", "level_deviation_m", "cover_deviation_m"):
        assert np.abs([row[column] for row in rows]).max() < 1e-3
    assert all(gate.passed for gate in compared.survey.gates)
