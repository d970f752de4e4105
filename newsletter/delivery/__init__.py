"""Stage 7, send: windows go out, outcomes come back, time rings the bell."""
