"""Stage 6, queue: the ledger of deliveries, the only truth about who got what."""
