"""What the pages of a run show, a module a page: overview, media, system metrics, console, files."""
