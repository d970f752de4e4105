"""Pages for staff, on this machine only: see every channel before it leaves."""
