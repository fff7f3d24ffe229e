"""Every read of the books that others use, by noun."""
