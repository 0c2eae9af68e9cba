"""Supervisor and worker of Steppe's Python sessions; the protocol is session-agent/worker/frames.ts."""
