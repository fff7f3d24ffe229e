"""Programs that run beside each other: started, watched, started again, and ended together."""
