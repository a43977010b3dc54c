"""Notes that people write: Markdown as HTML in which nothing can run, with charts among it."""
