"""Runs the code of a step: compiling, the event loop, interrupts, errors and threads."""
