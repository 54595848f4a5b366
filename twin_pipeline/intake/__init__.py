"""Intake of scans that others drop into a folder or bucket: each is answered, once."""
