"""The command line: arguments in, results on stdout, messages on stderr, an exit code."""

from twin_pipeline.cli.app import main

__all__ = ["main"]
