"""Writes: wishes, routers, and the work of bringing one to the other."""
