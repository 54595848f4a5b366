"""The configuration: one section a part, from defaults, a TOML file, the environment and flags."""

from twin_pipeline.config.load import Flags, load_config
from twin_pipeline.config.sections import Config
from twin_pipeline.config.settings import Setting
from twin_pipeline.config.text import to_toml

__all__ = ["Config", "Flags", "Setting", "load_config", "to_toml"]
