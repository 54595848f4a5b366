"""The command line: arguments in, results on stdout, messages on stderr, an exit code."""

import sys

from twin_pipeline.cli.early import decode_meanwhile, ending_at_once, set_up


def main() -> None:
    """Run the command line; does not return."""
    with ending_at_once():
        set_up()
        decode_meanwhile(sys.argv[1:])
        from twin_pipeline.cli.app import app

        app()


__all__ = ["main"]
