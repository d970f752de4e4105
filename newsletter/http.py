"""The one way to call an API."""
