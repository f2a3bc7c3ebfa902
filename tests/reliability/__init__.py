"""Fault injection, fuzzing and load, with numbers that are measured in one run: see __main__.py."""
