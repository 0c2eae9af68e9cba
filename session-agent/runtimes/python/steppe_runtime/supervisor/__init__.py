"""The supervisor: the first process of a runtime, which forks, interrupts and reaps workers."""
