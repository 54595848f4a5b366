"""How long each stage takes, beside what no program can be faster than: decoding the scan."""
