"""What the modules of IPython contain that user code imports."""
