"""What survives a plug that is pulled: a lock, files that are whole or absent, a work folder."""
