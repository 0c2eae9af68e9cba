class UsageError(Exception):
    """IPython reports unknown or misused magics under this name."""

    __module__ = "builtins"
