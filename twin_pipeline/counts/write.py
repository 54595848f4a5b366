"""The output folder of a comparison: report.html, counts.json, bins.csv, counts.czml."""

import json
from collections.abc import Mapping
from pathlib import Path

from twin_pipeline.counts.compare import Comparison
from twin_pipeline.counts.czml import czml_of
from twin_pipeline.counts.places import Place
from twin_pipeline.counts.record import bins_csv, record_of
from twin_pipeline.counts.report import report_of
from twin_pipeline.output import output_folder

RECORD = "counts.json"


def write_comparison(
    comparison: Comparison, places: Mapping[str, Place], out: Path, *, overwrite: bool
) -> None:
    """Write all files of a comparison; the folder is complete or not there.

    Raises
    ------
    OutputError
        When `out` exists and may not be replaced, or can't be written.
    """
    inputs = (comparison.sensor.path, comparison.manual.path)
    with output_folder(out, overwrite=overwrite, inputs=inputs, record=RECORD) as staging:
        (staging / "report.html").write_text(report_of(comparison), encoding="utf-8")
        (staging / "bins.csv").write_bytes(bins_csv(comparison).encode("utf-8"))
        if places:
            czml = json.dumps(czml_of(comparison, places), ensure_ascii=False)
            (staging / "counts.czml").write_text(czml, encoding="utf-8")
        record = json.dumps(record_of(comparison), ensure_ascii=False, indent=2)
        (staging / RECORD).write_text(record, encoding="utf-8")
