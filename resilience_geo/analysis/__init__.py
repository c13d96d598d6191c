"""Pure computations on tables, arrays and graphs. Nothing here opens a file."""
