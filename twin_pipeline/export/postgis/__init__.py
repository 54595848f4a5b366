"""Loads sites into PostGIS: constraints, spatial index, comments, and the history of each row."""
