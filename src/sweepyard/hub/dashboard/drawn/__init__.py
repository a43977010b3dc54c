"""Charts drawn by the hub itself, for what leaves it: shapes, which are written as SVG or printed."""
