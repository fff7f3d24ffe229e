"""Reads across contexts: what they give and how many queries they take."""
