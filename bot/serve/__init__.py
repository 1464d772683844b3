"""The receiver process: its socket, its health, and the worker process that it keeps running."""
