"""Pictures of one site's extraction, where the configuration asks for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twin_pipeline.config import Config
from twin_pipeline.model import PointCloud
from twin_pipeline.observing import Observer
from twin_pipeline.pictures import Record, require_place, write_pictures


@contextmanager
def picturing(site: str, cloud: PointCloud, config: Config) -> Iterator[Observer]:
    """Yield who is told of the extraction; draw what it was told when the block succeeds.

    Raises
    ------
    OutputError
        When the pictures' place is taken, before anything is done, or can't be written.
    """
    if config.debug.folder is None:
        yield Observer()
        return
    folder, overwrite = Path(config.debug.folder) / site, config.debug.overwrite
    require_place(folder, overwrite=overwrite)
    record = Record(cloud.origin, config.measure, config.trace.min_strength_rad)
    yield record
    write_pictures(record, site, folder, overwrite=overwrite)
