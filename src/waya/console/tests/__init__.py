"""Pages as a named person sees them, and in a real browser."""
