"""Credit notes, and every document as a page."""
