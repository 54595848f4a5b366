"""Every coordinate and height conversion; nothing else in the package knows pyproj or a geoid."""
