"""Sign in by a code to a phone, choose among one's customers, sign out."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from waya.kernel.errors import Refused
from waya.org.addresses import caller
from waya.org.models import Entity
from waya.parties.commands.sign_in import GOOD_FOR, check_code, send_code
from waya.portal.forms import CodeForm, PhoneForm
from waya.portal.frame import anybody, customers_only, page
from waya.portal.session import PATH, Guest, begin, end, siblings, visitor

_ASKED = "waya_asked"
_SALT = "waya.portal.asked"


@require_http_methods(["GET", "HEAD", "POST"])
@anybody
def sign_in(request: HttpRequest, entity: Entity) -> HttpResponse:
    """Ask for a phone, and send it a code."""
    form = PhoneForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _send(request, entity, form.cleaned_data["phone"], _next(request))
        except Refused as refusal:
            form.refuse(refusal)
    status = 422 if form.errors else 200
    return page(request, "sign_in", {"form": form}, entity=entity, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@anybody
def code(request: HttpRequest, entity: Entity) -> HttpResponse:
    """Take the code; which phone it was sent to stands in a cookie of ten minutes."""
    asked = _asked(request)
    if asked is None:
        return HttpResponseRedirect("/my/sign-in")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            contacts = check_code(
                entity_id=entity.pk, phone=asked["phone"], code=form.cleaned_data["code"],
                by=visitor(entity),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            answer = HttpResponseRedirect(asked["next"])
            begin(answer, contacts[0], proven=True)
            answer.delete_cookie(_ASKED, path=PATH)
            return answer
    shown = {"form": form, "phone": asked["phone"], "again_url": "/my/code/again"}
    return page(request, "code", shown, entity=entity, status=422 if form.errors else 200)


@require_POST
@anybody
def again(request: HttpRequest, entity: Entity) -> HttpResponse:
    """Another code to the same phone."""
    asked = _asked(request)
    if asked is None:
        return HttpResponseRedirect("/my/sign-in")
    try:
        return _send(request, entity, asked["phone"], asked["next"])
    except Refused as refusal:
        form = CodeForm({})
        form.errors.clear()
        form.refuse(refusal)
        shown = {"form": form, "phone": asked["phone"], "again_url": None}
        return page(request, "code", shown, entity=entity, status=422)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Forget who this browser is."""
    answer = HttpResponseRedirect("/my/sign-in")
    end(answer)
    return answer


@require_safe
@customers_only
def choose(request: HttpRequest, guest: Guest, contact: int) -> HttpResponse:
    """Go over to another customer of the same proven phone."""
    for mine in siblings(guest):
        if mine.pk == contact:
            answer = HttpResponseRedirect("/my")
            begin(answer, mine, proven=guest.proven)
            return answer
    raise Http404


def _send(request: HttpRequest, entity: Entity, typed: str, back: str) -> HttpResponse:
    phone = send_code(
        entity_id=entity.pk, phone_typed=typed, address=caller(request.META), by=visitor(entity)
    )
    answer = HttpResponseRedirect("/my/code")
    told = signing.dumps({"phone": phone, "next": back}, salt=_SALT)
    answer.set_cookie(
        _ASKED, told, max_age=GOOD_FOR, path=PATH, httponly=True,
        secure=settings.SESSION_COOKIE_SECURE, samesite="Lax",
    )  # fmt: skip
    return answer


def _asked(request: HttpRequest) -> dict[str, str] | None:
    """Which phone was sent a code; nobody can try codes for a phone that they did not ask for."""
    try:
        told: dict[str, str] = signing.loads(
            request.COOKIES.get(_ASKED, ""), salt=_SALT, max_age=GOOD_FOR
        )
    except signing.BadSignature:
        return None
    return told


def _next(request: HttpRequest) -> str:
    """Where to after signing in: an address of the portal, and no other."""
    wished = request.GET.get("next", "")
    ours = url_has_allowed_host_and_scheme(wished, allowed_hosts=None)
    return wished if ours and wished.startswith("/my/") else "/my"
