"""
Supervisor and worker of Steppe's Python sessions. They speak the frame protocol of session-agent.
"""
