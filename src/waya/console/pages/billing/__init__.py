"""A night's billing: the run, and its rehearsal."""
