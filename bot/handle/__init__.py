"""What follows from a delivery: read again from GitHub, then written in one transaction."""
