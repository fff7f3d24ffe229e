"""Reads for screens, one module for each place; frozen rows, set-wise, never one query a row."""
