"""The command line: parse, one call, print; errors become exit codes."""
