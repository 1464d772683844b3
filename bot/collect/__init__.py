"""Merged pull requests and their issues from GitHub: all of the past once, then what is new."""
