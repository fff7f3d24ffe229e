"""Credit notes, statements, and every document as PDF."""
