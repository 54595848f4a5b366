"""Traffic counts of sensors held against manual counts: joined, measured, judged and shown."""
