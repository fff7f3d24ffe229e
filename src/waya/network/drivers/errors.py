"""What a router may answer instead of doing it, told apart so that a caller can act on it."""

from __future__ import annotations


class RouterError(Exception):
    """A router refused. Carries the command's path and the router's words, never a value."""

    def __init__(self, message: str, command: str = "") -> None:
        super().__init__(f"{command}: {message}" if command else message)
        self.message = message
        self.command = command


class AuthError(RouterError):
    """The router does not know this name with this password."""


class Duplicate(RouterError):
    """Something of this name exists already."""


class NotFound(RouterError):
    """No such item: for a removal, that is success."""


class BadReference(RouterError):
    """Names something the router does not have, such as a profile."""


class BadArgument(RouterError):
    """The router does not take this value or parameter."""


class Permission(RouterError):
    """Our user on the router may not do this."""


class Unsupported(RouterError):
    """This version of RouterOS has no such command."""


class NotOurs(RouterError):
    """Somebody else's secret or profile of this name appeared; it was not touched."""


class Transient(RouterError):
    """It may work next time."""


class Unreachable(Transient):
    """No conversation with the router: refused, timed out, or broken off in the middle."""


_WORDS: tuple[tuple[str, type[RouterError]], ...] = (
    ("invalid user name or password", AuthError),
    ("cannot log in", AuthError),
    ("not logged in", AuthError),
    ("already exist", Duplicate),
    ("already have", Duplicate),
    ("such name exists", Duplicate),
    ("no such item", NotFound),
    ("does not match any value of", BadReference),
    ("no such command", Unsupported),
    ("not enough permissions", Permission),
    ("not allowed by device-mode", Permission),
    ("unknown parameter", BadArgument),
    ("invalid value", BadArgument),
    ("ambiguous value", BadArgument),
    ("missing =", BadArgument),
    ("timeout", Transient),
    ("timed out", Transient),
    ("interrupted", Transient),
)


def error_from(message: str, category: str = "", command: str = "") -> RouterError:
    """Tell a `!trap` by its words; many carry no category.

    Source: RouterOS's API manual for the categories, and its messages as clients quote them.
    """
    lower = message.lower()
    for words, kind in _WORDS:
        if words in lower:
            return kind(message, command)
    return {"0": NotFound, "1": BadArgument, "2": Transient}.get(category, RouterError)(
        message, command
    )
