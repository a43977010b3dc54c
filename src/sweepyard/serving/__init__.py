"""Serving a model: an HTTP API and a page that say what images show."""
