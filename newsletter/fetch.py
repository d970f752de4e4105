"""The one way to read from the web."""
