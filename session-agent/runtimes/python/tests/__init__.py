"""Tests of real sessions: a supervisor, a worker and a fake agent."""
