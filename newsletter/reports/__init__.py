"""Stage 8, learn: the numbers of an edition."""
