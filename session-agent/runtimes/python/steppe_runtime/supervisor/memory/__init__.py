"""What a session may use: read from its container and its processes."""
