"""Every read of payments that others use, by noun."""
