"""Pictures of one site's extraction, where the configuration asks for them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from twin_pipeline.config import Config
from twin_pipeline.model import PointCloud
from twin_pipeline.observing import Observer
from twin_pipeline.pictures import Record, require_place, write_pictures


def require_picture_places(sites: Iterable[str], config: Config) -> None:
    """Raise OutputError where pictures of a site would take the place of earlier ones."""
    if config.debug.folder is not None:
        for site in sites:
            require_place(Path(config.debug.folder) / site)


@contextmanager
def picturing(site: str, cloud: PointCloud, config: Config) -> Iterator[Observer]:
    """Yield who is told of the extraction; draw what it was told when the block succeeds.

    Pictures of an earlier run are replaced.

    Raises
    ------
    OutputError
        When something else is in the pictures' place, before anything is done, or when they can't
        be written.
    """
    if config.debug.folder is None:
        yield Observer()
        return
    folder = Path(config.debug.folder) / site
    require_place(folder, overwrite=True)
    record = Record(cloud.origin, config.measure, config.trace.min_strength_rad)
    yield record
    write_pictures(record, site, folder, overwrite=True)
