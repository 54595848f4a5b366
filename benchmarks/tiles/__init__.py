"""How fast, how small and how frugal the point tiles are, beside a rival."""
