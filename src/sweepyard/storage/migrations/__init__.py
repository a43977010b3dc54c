"""Migrations, oldest first; applied when the hub starts."""
