"""What a team ran: one redacted row for each request and its answer."""
