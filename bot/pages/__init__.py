"""Read-only pages over the database: rendered on the server, without JavaScript."""
