"""The predictions database: its tables, its own lineage of migrations, and the store over them."""
