"""What the ladder does beyond messages and walls: fees, follow-ups, write-offs, itself."""
