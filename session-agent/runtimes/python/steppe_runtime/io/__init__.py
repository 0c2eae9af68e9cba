"""What goes in and out of a worker: frames, standard streams, and values as MIME bundles."""
