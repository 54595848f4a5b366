"""Attribute files of a run: GeoPackage, GeoJSON, CSV, the Terria catalogue and run.json."""
