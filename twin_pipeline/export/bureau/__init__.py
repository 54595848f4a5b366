"""An owner's own columns, codes, units and encoding, from a profile file."""

from twin_pipeline.export.bureau.profile import Profile, load_profile

__all__ = ["Profile", "load_profile"]
