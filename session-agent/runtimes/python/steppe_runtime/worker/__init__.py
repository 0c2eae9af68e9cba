"""The worker process: how it starts, what it consists of and how it serves the agent."""
