"""The composition root: the only room that knows every room; from settings to what each command does."""
