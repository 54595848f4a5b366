"""Errors that a user can act on: each message names the file, the value and the remedy."""


class TwinPipelineError(Exception):
    """Base of all errors raised on purpose; `exit_code` is what the command line returns."""

    exit_code = 1


class InputError(TwinPipelineError):
    """A scan or side file can't be read, or holds nothing usable."""


class OutputError(TwinPipelineError):
    """The output folder exists already, is not ours, or can't be written."""


class UsageError(TwinPipelineError):
    """A flag or configuration value is wrong."""

    exit_code = 2


class GeoreferenceError(TwinPipelineError):
    """Coordinates or heights can't be established from what was given."""

    exit_code = 4
