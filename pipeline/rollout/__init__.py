"""One agent's whole attempt at a task: endpoint, loop and tools, inside a sandboxed checkout."""
