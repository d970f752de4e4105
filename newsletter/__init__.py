"""Newsletters and social posts of a nonprofit, composed and sent from the command line."""

__version__ = "0.1.0"
