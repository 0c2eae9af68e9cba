"""What a worker offers of IPython: magics, shell commands and the module IPython.display."""
