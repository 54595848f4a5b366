"""IFC 4.3: the pipes as segments of a water supply system, on the map."""
