"""Stage 4, render: one campaign becomes one frozen edition."""
