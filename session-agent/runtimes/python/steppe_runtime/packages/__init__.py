"""The packages of a session: hooks around imports, pip, and adaptations of known libraries."""
