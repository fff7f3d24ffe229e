"""The question of a billing preview: its schema, and what the engine is given of it."""
