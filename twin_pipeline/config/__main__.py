"""Writes the default configuration to standard output, for configs/default.toml."""

import sys

from twin_pipeline.config import Config, to_toml

HEAD = """\
# Every key of the configuration with its default. Written by `make config`; do not edit.
# A flag of the command line wins over a variable TWIN_PIPELINE_SECTION__KEY, which wins over a
# file like this one.

"""

if __name__ == "__main__":
    sys.stdout.write(HEAD + to_toml(Config()))
