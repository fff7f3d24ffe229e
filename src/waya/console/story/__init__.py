"""What happened, told to people."""

from __future__ import annotations

from waya.console.story.telling import because, entry, plainly, said, why_of

__all__ = ["because", "entry", "plainly", "said", "why_of"]
