"""Stage 5, judge: what would go wrong if this edition left now."""
