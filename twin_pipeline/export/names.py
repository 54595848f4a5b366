"""Names of what `export` writes; to know them loads no format."""

EXPORT = "export"
"""Where in the output folder further formats stand, each in a folder of its name."""

MANIFEST = "export.json"
"""In each format's folder: what was written, from which sites, in which system."""
