"""Stage 1, gather: every kind of source becomes a post."""
