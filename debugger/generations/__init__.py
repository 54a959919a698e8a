"""Jobs that are followed to their end: rows are the truth, tasks only wake them."""
