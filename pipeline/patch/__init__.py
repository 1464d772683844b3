"""Patches as values: parse, apply, classify their files, measure how much of one another reproduces.

Nothing here reads a file, runs a process or knows git: bytes and plain values in, values out.
"""
