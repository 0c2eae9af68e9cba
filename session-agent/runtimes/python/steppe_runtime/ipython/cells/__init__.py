"""What a session keeps of its cells: their inputs and results, and how their code is read."""
