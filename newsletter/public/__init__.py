"""What the world sees: unsubscribe, preferences, view in browser, pictures."""
