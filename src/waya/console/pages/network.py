"""The network: does every router hold what it should, and who is on the wire this minute?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from waya.console import drafts, live, moments, rows, story
from waya.console.forms import refused_on
from waya.console.pieces import Chip, Confirm, Find, Kpi, Note, Then, address, earlier, newest
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock
from waya.network.commands import routers as router_commands
from waya.network.models import HandEdit, Router
from waya.network.queries import RouterState, router_states
from waya.org import jobs
from waya.org.actors import Actor
from waya.org.templatetags.states import STATES
from waya.org.templatetags.waya import lasting, when
from waya.reports.queries import network as reads
from waya.reports.queries import online as online_reads
from waya.reports.queries import timeline
from waya.reports.queries.today import service

_RECENT = timedelta(hours=1)
_SHOWS = {"waiting": "Not proven", "conflict": "Not ours", "walled": "Walled", "ended": "Ended"}


class RouterForm(forms.Form):
    """Where a router is and how to log in."""

    name = forms.SlugField(label="Name", max_length=60, help_text="Short, such as lanet-1.")
    place = forms.CharField(label="Place", max_length=80, required=False)
    host = forms.CharField(label="Address", max_length=120, help_text="As this server reaches it.")
    port = forms.IntegerField(label="API port", initial=8728, min_value=1, max_value=65535)
    username = forms.CharField(label="Username on the router", max_length=60)
    password = forms.CharField(
        label="Password on the router", max_length=120, required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    portal_host = forms.GenericIPAddressField(
        label="Portal address", required=False,
        help_text="Where walled customers are led; a router redirects to an IP address only.",
    )  # fmt: skip
    portal_port = forms.IntegerField(label="Portal port", initial=80, min_value=1, max_value=65535)


@staff("network.view")
def routers(request: StaffRequest, by: Actor) -> HttpResponse:
    """Every router, the worst first."""
    states = router_states(request.entity.pk)
    state = request.GET.get("state", "")
    holding = sum(one.state == "holds" for one in states)
    found = [one for one in states if not state or one.state == state]
    context = {
        "total": f"{holding} of {len(states)} hold what they should",
        "chips": [
            Chip(
                STATES[name].words, address(request, state="" if name == state else name),
                on=name == state, count=sum(one.state == name for one in states),
                icon=STATES[name].icon, tone=STATES[name].tone,
            )
            for name in dict.fromkeys(one.state for one in states)
        ] if len({one.state for one in states}) > 1 or state else [],
        "rows": [rows.router(one) for one in sorted(found, key=_worst_first)],
    }  # fmt: skip
    return live.page(request, "console/routers.html", context)


def _worst_first(one: RouterState) -> tuple[bool, str]:
    return one.state in ("holds", "applying"), one.name


@staff("network.view")
def router(request: StaffRequest, by: Actor, name: str) -> HttpResponse:
    """One router: name by name, what it should hold and what it was read back to hold."""
    board = reads.board(request.entity.pk, name)
    if board is None:
        raise Http404
    show, typed = request.GET.get("show", ""), request.GET.get("q", "").strip()
    page = reads.held(board.state.id, show=show, name=typed, key=request.GET.get("from", ""))
    shown = [_held(one, by) for one in page.rows]
    wished = request.GET.get("chosen", "")
    chosen = next((one for one in page.rows if one.access.name == wished), None)
    context = {
        "router": _header(board),
        "kpis": _kpis(board),
        "notices": _notices(board),
        "actions": {"read_url": f"/routers/{name}/read" if by.can("network.change") else None},
        "chips": _chips(request, show, board.counts),
        "find": Find(typed, "Username", keep={"show": show} if show else {}),
        "rows": [row | {"url": address(request, chosen=row["username"])} for row in shown],
        "chosen": _chosen(chosen, by) if chosen else None,
        "total": f"{len(shown)} of {board.counts['all']:,}",
        "earlier": earlier(request, page.next_key),
        "later": newest(request),
        "events": [story.entry(each, by) for each in timeline.of_router(board.state.id).rows[:8]],
        "edits": [_edit(one) for one in board.edits],
    }
    return live.page(request, "console/router.html", context)


def _header(board: reads.Board) -> dict[str, Any]:
    state = board.state
    return {
        "name": state.name,
        "url": f"/routers/{state.name}",
        "version": state.version,
        "address": state.address,
        "place": state.place,
        "state": state.state,
        "state_words": rows.router_words(state),
    }


def _kpis(board: reads.Board) -> list[Kpi]:
    state = board.state
    name = f"/routers/{state.name}"
    proven = board.counts["all"] - board.counts["waiting"] - board.counts["conflict"]
    waits = state.next_try_at - clock.real_now() if state.next_try_at else timedelta(0)
    tried = f"next try in {lasting(waits)}" if waits > timedelta(0) else ""
    return [
        Kpi("Hold what they should", f"{proven:,}", name, _owed(board),
            unit=f"of {board.counts['all']:,}", tone="warn" if board.counts["conflict"] else ""),
        Kpi("Last full read-back", when(moments.shown(state.swept_at), "proof"), name,
            format_html("{}", when(moments.shown(state.swept_at), "live"))),
        Kpi("Waiting orders", f"{board.counts['waiting']:,}", f"{name}?show=waiting",
            tried or ("kept until it answers" if state.trouble else "none failed")),
        Kpi("Online", "—" if state.online is None else f"{state.online:,}",
            f"/online?router={state.name}",
            "nobody can look" if state.online is None else f"of {state.names:,}"),
    ]  # fmt: skip


def _owed(board: reads.Board) -> str:
    said = [
        f"{board.counts[name]:,} {words_.lower()}"
        for name, words_ in _SHOWS.items()
        if name in ("waiting", "conflict") and board.counts[name]
    ]
    return ", ".join(said) or "each read back and equal"


def _notices(board: reads.Board) -> list[Note]:
    state = board.state
    notes = []
    if state.trouble and state.since:
        owed = f" {state.unconfirmed:,} changes are kept and go first." if state.unconfirmed else ""
        notes.append(
            Note(
                f"{rows.router_words(state)}.",
                f"Orders are kept, the newest wins.{owed} Nobody is cut off here meanwhile.",
                tone="bad",
                icon="plug-connected-x",
            )
        )
    healed = [one for one in board.edits if one.outcome == HandEdit.HEALED]
    if healed and clock.real_now() - healed[0].seen_at < _RECENT:
        one = healed[0]
        text = format_html(
            '<span class="mono">{}</span>: {} was <span class="mono">{}</span> and is '
            '<span class="mono">{}</span> again, since {}.',
            one.name, one.field, one.does, one.should, when(moments.shown(one.seen_at), "proof"),
        )  # fmt: skip
        notes.append(Note("Somebody edited our rows by hand. Healed.", text, "warn", "user-edit"))
    return notes


def _edit(one: HandEdit) -> dict[str, Any]:
    return {
        "name": one.name,
        "field": one.field,
        "should": one.should,
        "does": one.does,
        "seen_at": moments.shown(one.seen_at),
        "outcome": one.outcome,
    }


def _chips(request: StaffRequest, show: str, counts: dict[str, int]) -> list[Chip]:
    chips = [Chip("All", address(request, show="", chosen=""), on=not show, count=counts["all"],
                  stays=True)]  # fmt: skip
    return chips + [
        Chip(words_, address(request, show="" if name == show else name, chosen=""),
             on=name == show, count=counts[name])
        for name, words_ in _SHOWS.items()
        if counts[name] or name == show
    ]  # fmt: skip


def _held(one: reads.Held, by: Actor) -> dict[str, Any]:
    access, customer = one.access, one.customer
    because, _ = story.because(one.cause, by)
    return {
        "username": access.name,
        "customer": customer.name if customer else "",
        "customer_url": f"/customers/{customer.account_number}" if customer else "",
        "account": customer.account_number if customer else "",
        "should": rows.held_words(access),
        "does": rows.does_words(access),
        "differs": access.conflict_since is not None,
        "state": access.state,
        "state_words": rows.access_state_words(access),
        "because": because,
        "since": moments.shown(access.since),
        "read_at": moments.shown(access.confirmed_at),
    }


def _chosen(one: reads.Held, by: Actor) -> dict[str, Any]:
    access = one.access
    does = rows.does_words(access)
    session = access.session
    return {
        "username": access.name,
        "state": access.state,
        "state_words": rows.access_state_words(access),
        "fields": [
            {"name": "profile", "should": access.profile,
             "does": access.profile if access.confirmed_at else "not proven",
             "differs": access.confirmed_at is None},
            {"name": "holds", "should": rows.held_words(access), "does": does or "not proven",
             "differs": does != rows.held_words(access)},
            {"name": "session", "should": "any begun since", "differs": False,
             "does": f"{session.address}, {session.caller_id}" if session else access.presence},
        ],
        "after": access.refusal,
        "why": story.why_of(one.cause, by),
    }  # fmt: skip


@require_POST
@staff("network.change")
def read_now(request: StaffRequest, by: Actor, name: str) -> HttpResponse:
    """Ask for a whole read-back now, in front of the next one that is due."""
    row = Router.objects.filter(entity=request.entity, name=name).first()
    if row is None:
        raise Http404
    jobs.nudge("network.sweep", key=f"router:{row.pk}", router_id=row.pk)
    messages.info(request, f"{row.name} is being read back whole")
    return redirect(f"/routers/{name}")


@staff("network.change")
def add(request: StaffRequest, by: Actor) -> HttpResponse:
    """Add a router; the next round looks at it, prepares it and tells its state."""
    form = RouterForm(request.POST or None, initial=drafts.take(request))
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        with refused_on(form):
            router_commands.add_router(
                entity_id=request.entity.pk, name=told["name"], place=told["place"],
                host=told["host"], port=told["port"], username=told["username"],
                password=told["password"], portal_host=told["portal_host"] or "",
                portal_port=told["portal_port"], by=by,
            )  # fmt: skip
            return redirect(f"/routers/{told['name']}")
    confirm = Confirm(
        title="Add a router",
        text="MikroTik RouterOS 7, by its API.",
        action="/routers/new",
        verb="Add and look at it",
        back="/routers",
        keep="Leave",
        form=form,
        then=[
            Then("eye", "Waya logs in and reads what it holds"),
            Then("shield-check", "Only rows with our mark are ever touched"),
            Then("router", "New customers go to the router with the fewest"),
        ],
    )
    context = {"confirm": confirm, "crumb": {"url": "/routers", "words": "Routers"}}
    status = 422 if request.method == "POST" else 200
    return render(request, "console/confirm.html", context, status=status)


@staff("network.view")
def online(request: StaffRequest, by: Actor) -> HttpResponse:
    """Sessions seen in the last two polls, and the routers that cannot be asked."""
    states = router_states(request.entity.pk)
    router_, typed = request.GET.get("router", ""), request.GET.get("q", "").strip()
    page = online_reads.sessions(
        states, router=router_, name=typed, key=request.GET.get("from", "")
    )
    seen = [one.seen_at for one in states if one.seen_at and one.online is not None]
    context = {
        "count": sum(one.serving or 0 for one in states),
        "paid_up": service(request.entity.pk, clock.today(request.entity.zone)).paid_up,
        "as_of": moments.shown(max(seen, default=None)),
        "chips": [
            Chip(one.name, address(request, router="" if one.name == router_ else one.name),
                 on=one.name == router_, count=one.online)
            for one in states
        ],
        "find": Find(typed, "Username", keep={"router": router_} if router_ else {}),
        "rows": [_live(one) for one in page.rows],
        "blind": [
            {"router": one.name, "url": f"/routers/{one.name}", "since": moments.shown(one.since)}
            for one in states if one.online is None
        ],
        "earlier": earlier(request, page.next_key),
        "later": newest(request),
    }  # fmt: skip
    return live.page(request, "console/online.html", context)


def _live(one: online_reads.Live) -> dict[str, Any]:
    customer, session = one.customer, one.session
    return {
        "username": session.name,
        "customer": customer.name if customer else "",
        "customer_url": f"/customers/{customer.account_number}" if customer else "",
        "account": customer.account_number if customer else "",
        "router": session.router.name,
        "router_url": f"/routers/{session.router.name}",
        "address": session.address or "",
        "device": session.caller_id,
        "since": moments.shown(session.began_at),
        "plan": "Walled" if one.restricted else one.plan,
    }
