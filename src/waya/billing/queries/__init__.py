"""Every read of billing that others use, by noun."""
