"""The plan for a router: examples, and that any router converges whatever happens."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from waya.network.drivers.fake import FakeRouter
from waya.network.rules.access import (
    Conflict,
    Difference,
    Disconnect,
    Observed,
    Profile,
    Put,
    PutProfile,
    Remove,
    Secret,
    Session,
    Step,
    Wanted,
    agreed,
    braked,
    differences,
    plan,
)

T0 = datetime(2027, 6, 1, 9, tzinfo=UTC)
SOON = T0 + timedelta(minutes=5)
LATER = T0 + timedelta(hours=1)

HOME = Profile("home-10", rate_limit="5M/10M")
WALL = Profile("walled", rate_limit="256k/256k", address_list="waya-walled")
PROFILES = {profile.name: profile for profile in (HOME, WALL)}


def wanted(profile: str = "home-10", *, enabled: bool = True, since: datetime = T0) -> Wanted:
    return Wanted(profile, enabled, since, mark="waya:1", password="s3cret-word")


def held(profile: str = "home-10", *, enabled: bool = True, since: datetime | None = T0) -> Secret:
    return Secret(profile, enabled, ours=True, mark="waya:1", since=since)


def observed(*sessions: Session, **secrets: Secret) -> Observed:
    return Observed(secrets, sessions, profiles=PROFILES)


def test_nothing_to_do_when_they_agree() -> None:
    online = Session("*1", "amina", SOON)
    assert plan({"amina": wanted()}, observed(online, amina=held()), PROFILES) == []


def test_a_new_customer_brings_the_profile_along() -> None:
    want = wanted()
    assert plan({"amina": want}, Observed({}, []), PROFILES) == [
        PutProfile(HOME),
        Put("amina", want),
    ]


def test_secrets_before_sessions_and_restores_before_restrictions() -> None:
    wall, shut, back = wanted("walled"), wanted(enabled=False), wanted()
    live = [Session(f"*{n}", name, T0) for n, name in enumerate(("amina", "brian", "chebet"))]
    holds = observed(*live, amina=held(), brian=held(), chebet=held("walled"))
    assert plan({"amina": shut, "brian": wall, "chebet": back}, holds, PROFILES) == [
        Put("chebet", back),
        Put("brian", wall),
        Put("amina", shut),
        Disconnect("chebet"),
        Disconnect("brian"),
        Disconnect("amina"),
    ]


def test_a_session_older_than_the_rule_is_stale_though_the_secret_agrees() -> None:
    """A crash came between the secret and the session."""
    old = Session("*1", "chebet", T0)
    holds = observed(old, chebet=held(since=LATER))
    assert plan({"chebet": wanted(since=SOON)}, holds, PROFILES) == [Disconnect("chebet")]


def test_who_redialled_while_the_router_was_away_is_stale_too() -> None:
    """Began after the decision, before the secret was written: under the old rule."""
    between = Session("*1", "chebet", T0 + timedelta(minutes=30))
    holds = observed(between, chebet=held(since=LATER))
    assert plan({"chebet": wanted(since=SOON)}, holds, PROFILES) == [Disconnect("chebet")]


def test_a_later_since_writes_the_secret_anew() -> None:
    """So a new password reaches the router, though it is never read back."""
    want = wanted(since=LATER)
    assert plan({"amina": want}, observed(amina=held()), PROFILES) == [Put("amina", want)]


def test_who_should_be_off_is_never_online() -> None:
    online = Session("*1", "chebet", LATER)
    holds = observed(online, chebet=held(enabled=False))
    assert plan({"chebet": wanted(enabled=False)}, holds, PROFILES) == [Disconnect("chebet")]


def test_somebody_elses_secret_is_a_conflict_and_its_session_left_alone() -> None:
    theirs = Secret("default", True, ours=False)
    holds = observed(Session("*1", "brian", T0), brian=theirs)
    steps = plan({"brian": wanted(since=LATER)}, holds, PROFILES)
    assert steps == [Conflict("brian")]
    assert agreed(steps)


def test_somebody_elses_profile_is_a_conflict_but_the_customer_is_served() -> None:
    want = wanted()
    holds = Observed({}, [], foreign_profiles={"home-10"})
    assert plan({"amina": want}, holds, PROFILES) == [
        Conflict("home-10", "profile"),
        Put("amina", want),
    ]


def test_a_profile_changed_by_hand_is_put_right() -> None:
    holds = replace(
        observed(amina=held()), profiles={"home-10": replace(HOME, rate_limit="50M/100M")}
    )
    assert plan({"amina": wanted()}, holds, PROFILES) == [PutProfile(HOME)]


def test_another_spelling_of_a_rate_is_the_same_profile() -> None:
    spelled = replace(HOME, rate_limit="5000k/10000000")
    holds = replace(observed(amina=held()), profiles={"home-10": spelled})
    assert plan({"amina": wanted()}, holds, PROFILES) == []


def test_a_pool_is_the_routers_own_matter_until_we_name_one() -> None:
    pooled = replace(HOME, pool="customers", local_address="10.0.0.1")
    holds = replace(observed(amina=held()), profiles={"home-10": pooled})
    assert plan({"amina": wanted()}, holds, PROFILES) == []
    named = {"home-10": replace(HOME, pool="other")}
    assert plan({"amina": wanted()}, holds, named) == [PutProfile(named["home-10"])]


def test_what_is_ours_and_not_wanted_goes_and_what_is_not_ours_stays() -> None:
    holds = observed(gone=held(), theirs=Secret("default", True, ours=False))
    assert plan({}, holds, PROFILES) == [Remove("gone")]


def test_the_brake_holds_back_many_removals_and_nothing_else() -> None:
    removals: list[Step] = [Remove(f"c{n}") for n in range(11)]
    put = Put("amina", wanted())
    assert braked([put, *removals], held=100) == ([put], removals)
    assert braked([put, *removals], held=110) == ([put, *removals], [])
    assert braked(removals[:10], held=10) == (removals[:10], [])


def test_differences_are_told_word_by_word() -> None:
    holds = observed(
        Session("*1", "amina", T0),
        amina=held("walled", since=SOON),
        brian=Secret("default", True, ours=False),
        old=held(),
    )
    wants = {"amina": wanted(), "brian": wanted(), "new": wanted()}
    assert differences(wants, holds) == [
        Difference("amina", "profile", "home-10", "walled"),
        Difference("amina", "session", "begun under this rule", "older"),
        Difference("brian", "secret", "ours", "somebody else's"),
        Difference("new", "secret", "present", "absent"),
        Difference("old", "secret", "absent", "present"),
    ]


def test_a_password_is_never_shown() -> None:
    steps = plan({"amina": wanted()}, Observed({}, []), PROFILES)
    assert "s3cret-word" not in repr(steps) + str(wanted())


# Properties.

NAMES = st.sampled_from(["amina", "254712345678"])  # few, so that much happens to each
RULES = st.tuples(st.sampled_from(sorted(PROFILES)), st.booleans())


class Router(FakeRouter):
    """A fake with its own clock: every event comes a second after the last."""

    def __init__(self) -> None:
        super().__init__(now=self._tick)
        self.moment = T0

    def _tick(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment

    def run(self, steps: list[Step]) -> None:
        for step in steps:
            if not isinstance(step, Conflict):
                self.take(step)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Router, dict[str, Wanted]]:
    """A router with a past (our rules, hand edits, strangers, redials) and what we want now."""
    router = Router()
    for name, rule in draw(st.dictionaries(NAMES, RULES)).items():
        router.run(plan({name: wanted(*rule[:1], enabled=rule[1])}, router.look([name]), PROFILES))
    for name in draw(st.lists(NAMES)):
        router.dial(name)
    for name, (profile, enabled) in draw(st.dictionaries(NAMES, RULES, max_size=2)).items():
        was = router.secrets.get(name, Secret(profile, enabled, ours=False))
        router.secrets[name] = replace(was, profile=profile, enabled=enabled)
    since = router.now()
    for name in draw(st.lists(NAMES)):  # the router was away: they redial under the old rule
        router.dial(name)
    wants = {
        name: wanted(profile, enabled=enabled, since=since)
        for name, (profile, enabled) in draw(st.dictionaries(NAMES, RULES)).items()
    }
    return router, wants


def converge(router: Router, wants: dict[str, Wanted], draw: Any) -> None:
    """Plan and crash after any step, again and again; customers redial at any moment."""
    for crash_after in draw(st.lists(st.integers(1, 4), max_size=3)):
        for step in plan(wants, router.look(), PROFILES)[:crash_after]:
            router.run([step])
            for name in draw(st.lists(NAMES, max_size=1)):
                router.dial(name)
    router.run(plan(wants, router.look(), PROFILES))


@settings(max_examples=300)
@given(history=histories(), choices=st.data())
def test_any_router_converges_even_after_crashes(
    history: tuple[Router, dict[str, Wanted]], choices: st.DataObject
) -> None:
    router, wants = history
    converge(router, wants, choices.draw)
    assert agreed(plan(wants, router.look(), PROFILES))
    for name, want in wants.items():
        secret = router.secrets[name]
        if secret.ours:
            assert (secret.profile, secret.enabled) == (want.profile, want.enabled)
            assert router.passwords[name] == want.password
    for session in router.sessions:
        if session.name in wants and router.secrets[session.name].ours:
            under, want = router.rules[session.id], wants[session.name]
            assert (under.profile, under.enabled) == (want.profile, want.enabled)
    assert not [n for n, secret in router.secrets.items() if secret.ours and n not in wants]


@given(history=histories(), choices=st.data())
def test_what_somebody_else_made_is_never_touched(
    history: tuple[Router, dict[str, Wanted]], choices: st.DataObject
) -> None:
    router, wants = history
    theirs = {name: secret for name, secret in router.secrets.items() if not secret.ours}
    sessions = [session for session in router.sessions if session.name in theirs]
    converge(router, wants, choices.draw)
    assert {n: s for n, s in router.secrets.items() if not s.ours} == theirs
    assert [s for s in sessions if s not in router.sessions] == []


@given(history=histories())
def test_a_plan_taken_twice_does_no_harm(history: tuple[Router, dict[str, Wanted]]) -> None:
    router, wants = history
    steps = plan(wants, router.look(), PROFILES)
    router.run(steps)
    once = {name: replace(s, since=None) for name, s in router.secrets.items()}
    router.run(steps)
    assert {name: replace(s, since=None) for name, s in router.secrets.items()} == once
    assert agreed(plan(wants, router.look(), PROFILES))


@given(history=histories())
def test_a_narrow_look_gives_the_same_steps_for_its_names(
    history: tuple[Router, dict[str, Wanted]],
) -> None:
    router, wants = history
    whole = {s for s in plan(wants, router.look(), PROFILES) if isinstance(s, Put | Disconnect)}
    narrow: set[Step] = set()
    for name, want in wants.items():
        steps = plan({name: want}, router.look([name]), PROFILES)
        narrow |= {step for step in steps if isinstance(step, Put | Disconnect)}
    assert narrow == whole
