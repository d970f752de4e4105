"""Tables, connections and migrations of the one database."""
