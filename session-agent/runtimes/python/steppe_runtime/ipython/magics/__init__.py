"""The magics of a worker, by group. A group is imported with the first of its magics."""
