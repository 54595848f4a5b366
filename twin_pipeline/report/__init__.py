"""report.html: what an engineer files, one page that needs no other file."""
