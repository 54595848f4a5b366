"""The catalogue of pipes that a configuration asks for."""

from twin_pipeline.catalogue import Catalogue, load_catalogue
from twin_pipeline.config import Config


def catalogue_for(config: Config) -> Catalogue:
    """Return the catalogue.

    Raises
    ------
    UsageError
        When the configured material is not in it.
    """
    catalogue = load_catalogue()
    if config.nominal.material is not None:
        catalogue.material(config.nominal.material)
    return catalogue
