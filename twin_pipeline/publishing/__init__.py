"""The command `publish`: finished runs as a static dataset for any web server or bucket."""

from twin_pipeline.publishing.policy import Policy, load_policy
from twin_pipeline.publishing.publish import Published, publish

__all__ = ["Policy", "Published", "load_policy", "publish"]
