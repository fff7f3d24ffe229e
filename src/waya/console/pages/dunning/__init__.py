"""Screens of dunning: tonight, promises and calls; and what is promised, disputed, given up."""
