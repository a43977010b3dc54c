"""W&B's wire: its GraphQL interface, its file stream and its file addresses, in its own names."""
