"""The company's logo on its documents."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from waya.console.pieces import Confirm, Then
from waya.console.staff import StaffRequest, staff
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.commands.logos import keep_logo
from waya.org.words import words
from waya.reports.documents.logos import MOST_BYTES, as_svg


class LogoForm(forms.Form):
    """A picture from the person's machine."""

    picture = forms.FileField(
        label="Logo",
        help_text=f"SVG, or PNG; {MOST_BYTES // 1000} KB at most.",
        widget=forms.FileInput(attrs={"accept": "image/svg+xml,image/png"}),
    )


@staff("org.policy")
def logo(request: StaffRequest, by: Actor) -> HttpResponse:
    """Choose the picture that stands on invoices, receipts and statements."""
    form = LogoForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            svg = as_svg(form.cleaned_data["picture"].read())
        except Refused as refusal:
            form.add_error("picture", words(refusal))
        else:
            keep_logo(entity_id=request.entity.pk, svg=svg, by=by)
            messages.info(request, "The logo stands on every document from now on.")
            return redirect("/settings/business")
    confirm = Confirm(
        title="Logo",
        text=f"Of {request.entity.name}, on its documents.",
        action="/settings/logo",
        verb="Keep this logo",
        back="/settings/business",
        form=form,
        then=[
            Then("file-invoice", "It stands top left on every document, 14 mm high"),
            Then("history", "Documents that were sent before stay as they are"),
        ],
    )
    crumb = {"url": confirm.back, "words": "Business"}
    status = 422 if form.errors else 200
    context = {"confirm": confirm, "crumb": crumb}
    return render(request, "console/confirm.html", context, status=status)
