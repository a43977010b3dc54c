"""The repositories: one file a noun, each over one connection."""
