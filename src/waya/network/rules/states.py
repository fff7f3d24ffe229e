"""In one word: does a router hold what it should, and is a customer's access as it should be?

The words are those of `org.templatetags.states`.
"""

from __future__ import annotations

from waya.network.rules.trouble import Trouble

_OF_TROUBLE = {
    "": "",
    Trouble.UNREACHABLE: "unreachable",
    Trouble.WRONG_PASSWORD: "failed",
    Trouble.REFUSED: "failed",
    Trouble.DIFFERS: "drift",
}


def router_state(*, trouble: str, owed: bool, waits: bool, conflicts: int) -> str:
    """A router's state; what keeps it from holding anything at all comes first."""
    if trouble:
        return _OF_TROUBLE[trouble]
    if waits:
        return "waits"
    if conflicts:
        return "conflict"
    return "applying" if owed else "holds"


def access_state(
    *, trouble: str, confirmed: bool, conflict: bool, refusal: str, restricted: bool
) -> str:
    """The state of one name on a router.

    Whoever paid is *restoring* until the router has proven it, reachable or not: the page of
    the router says why it takes long.
    """
    if conflict:
        return "failed" if refusal else "conflict"
    if confirmed:
        return "holds"
    if not restricted:
        return "restoring"
    return _OF_TROUBLE[trouble] or "applying"


def presence(*, open_session: bool, looked_lately: bool, trouble: str) -> str:
    """Online, offline, or unknown while nobody can look. Never taken from what is owed."""
    if trouble or not looked_lately:
        return "unknown"
    return "online" if open_session else "offline"
