"""Data structures that several stages share: voxel pyramid, surface patches, tubes."""
