"""Stage 2, to whom: subscribers, lists, consent, suppression."""
