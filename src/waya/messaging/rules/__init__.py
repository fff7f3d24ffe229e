"""Pure rules of messages: what a text costs in parts, and which characters it may hold."""
