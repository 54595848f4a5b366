"""Where a scan lies, from what its file says and what the configuration says."""

import numpy as np

from twin_pipeline.config import Config
from twin_pipeline.crs import Georeference, resolve
from twin_pipeline.errors import InputError
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.read import ScanInfo


def locate(info: ScanInfo, config: Config) -> Georeference:
    """Return the georeference of a scan.

    Raises
    ------
    InputError
        When the scan's points can't be used.
    GeoreferenceError
        When coordinates or heights can't be established.
    """
    if info.unreadable:
        raise InputError(info.unreadable)
    return place(info, bounds(info, config), config)


def place(info: ScanInfo, box: tuple[FloatArray, FloatArray], config: Config) -> Georeference:
    """Return the georeference of a scan whose (3,) corners are known, metres, scan frame.

    Raises
    ------
    GeoreferenceError
        When coordinates or heights can't be established.
    """
    sources = config.sources("crs")
    return resolve(info.crs, config.crs, *box, info.path.name, sources, info.survey_date)


def bounds(info: ScanInfo, config: Config) -> tuple[FloatArray, FloatArray]:
    """Return the (3,) lowest and (3,) highest coordinates of a scan, metres, scan frame.

    Raises
    ------
    InputError
        When the file's box is not a number.
    """
    if info.box is None:
        raise InputError(f"{info.path}: its bounding box is not a number; export the scan again")
    order = [1, 0, 2] if config.crs.axis_order == "ne" else [0, 1, 2]
    return np.array(info.box.lower)[order], np.array(info.box.upper)[order]
