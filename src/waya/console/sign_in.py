"""Staff sign in with a password, by invitation only, with limits on trying."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import LoginForm
from allauth.account.views import LoginView
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST


class StaffAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Nobody signs up: members of staff are invited."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": "This account has been closed. Ask whoever runs Waya here.",
        "username_password_mismatch": "No member of staff has this name and password.",
        "username_email_password_mismatch": "No member of staff has this name and password.",
        "email_password_mismatch": "No member of staff has this name and password.",
        "too_many_login_attempts": "Too many tries. Wait five minutes, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False


class StaffSignInForm(LoginForm):  # type: ignore[misc]  # allauth has no types
    """A username or an e-mail address, and a password; in our words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "Username or e-mail"
        self.fields["password"].label = "Password"
        self.fields["password"].help_text = ""
        for name in ("login", "password"):
            self.fields[name].widget.attrs.pop("placeholder", None)
        self.fields["login"].widget.attrs["autocomplete"] = "username"
        self.fields.pop("remember", None)


class SignIn(LoginView):  # type: ignore[misc]  # allauth has no types
    """The page before every other; whoever is signed in goes on."""

    template_name = "console/sign_in.html"
    form_class = StaffSignInForm

    def get_form_class(self) -> type[StaffSignInForm]:
        """Our own words, not the library's."""
        return StaffSignInForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Only the form, and where to go after: no sign-up, no password mail."""
        wished = self.request.GET.get("next") or self.request.POST.get("next", "")
        return {"form": kwargs.get("form") or self.get_form(), "next": wished}

    def form_invalid(self, form: StaffSignInForm) -> HttpResponse:
        """The form as it was typed, without the password."""
        return render(
            self.request, self.template_name, self.get_context_data(form=form), status=422
        )


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return HttpResponseRedirect("/sign-in")
