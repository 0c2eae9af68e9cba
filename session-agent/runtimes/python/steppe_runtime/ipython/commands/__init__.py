"""Shell commands of a cell."""
