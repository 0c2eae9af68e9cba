"""Supervisor and worker of Steppe's Python sessions; the protocol is session-agent/protocol/frames.ts."""
