"""`get_ipython().display_formatter`."""
