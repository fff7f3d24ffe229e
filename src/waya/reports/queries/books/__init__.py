"""The books as a reader goes through them, from a figure down to its document."""
