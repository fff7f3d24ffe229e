"""What happened, told to people."""

from waya.console.story.telling import because, entry, plainly, said, why_of

__all__ = ["because", "entry", "plainly", "said", "why_of"]
