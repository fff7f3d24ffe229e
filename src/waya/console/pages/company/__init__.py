"""The company, its branches, and what the tax office knows of its customers."""
