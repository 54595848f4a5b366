"""The viewer with much to show."""
