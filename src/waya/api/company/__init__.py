"""Branches, and what the tax office knows of customers."""
