"""Makes `python -m twin_pipeline` the command `twin-pipeline`."""

from twin_pipeline.cli import main

if __name__ == "__main__":
    main()
