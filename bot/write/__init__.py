"""What is written on GitHub: each thing once, however often it is tried."""
