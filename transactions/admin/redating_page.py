"""How do live lots get new terms of expiry? A page of the currency: asked why, shown what moves, agreed to, done."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from loyalty_site.lib.admin import Button, Extension, ModelAdmin, StaffRequest, Subpage, action, dressed, found, site
from loyalty_site.lib.panels import Panel, Sentences, address_of
from programs.models import Currency, ExpiryRule
from transactions.admin import job_pages, redating_panels
from transactions.admin.job_pages import GO_ON, SHOW_AGAIN
from transactions.expiry import redating
from transactions.expiry.preview import preview
from transactions.models import NightRun

#: Who may change what a program promises.
PERMISSION = "programs.change_currency"

_SHOW = Button("show", "Show what would move")
_AGREE = Button("agreed", "Re-date these lots")


class RedateForm(forms.Form):
    """`shown` is the version of the program whose terms the preview was made of."""

    reason = dressed(forms.CharField(max_length=200, help_text="Kept with each lot; members and auditors will ask."))
    shown = forms.CharField(required=False, widget=forms.HiddenInput)


def _page(admin: ModelAdmin, request: StaffRequest, object_id: str) -> HttpResponse:
    currency = found(Currency.objects.select_related("program", "expiry_rule"), object_id)
    job = redating.jobs(currency).filter(finished_at=None).first()
    if job:
        answer = _go_on if request.method == "POST" else _under_way
        return answer(admin, request, currency, job)
    form = RedateForm(request.POST or None)
    if not form.is_valid():
        panels = [redating_panels.terms(currency), *redating_panels.finished(request, currency)]
        return _draw(admin, request, currency, panels=panels, form=form, buttons=[_SHOW])
    if "agreed" in request.POST and form.cleaned_data["shown"] == str(currency.program.version):
        job = redating.start(currency, reason=form.cleaned_data["reason"], user=request.user)
        admin.log_change(request, currency, f"Re-dated live lots: {form.cleaned_data['reason']}")
        return _go_on(admin, request, currency, job)
    return _preview(admin, request, currency, form)


def _preview(admin: ModelAdmin, request: StaffRequest, currency: Currency, form: RedateForm) -> HttpResponse:
    plan = preview(currency)
    currency.program.refresh_from_db()
    panels: list[Panel] = [redating_panels.terms(currency), *redating_panels.plan(currency, plan)]
    if "agreed" in request.POST:
        changed = ["The program has changed meanwhile; this is what would happen now."]
        panels.insert(0, Sentences("Look again", changed))
    asked = RedateForm({"reason": form.cleaned_data["reason"], "shown": str(currency.program.version)})
    buttons = [_AGREE, SHOW_AGAIN] if plan.moved.lots or not plan.is_whole else [SHOW_AGAIN]
    details = redating_panels.details(request, currency, plan)
    return _draw(admin, request, currency, panels=panels, form=asked, buttons=buttons, details=details)


def _go_on(admin: ModelAdmin, request: StaffRequest, currency: Currency, job: NightRun) -> HttpResponse:
    """Work at the job for a moment, and leave the rest to a worker."""
    done = job_pages.go_on(admin, request, job, redating.KIND, redating.work)
    if done:
        text = f"Done: {done.counts['lots']} lots of {done.counts['members']} members have another end."
        admin.message_user(request, text, messages.SUCCESS)
    return HttpResponseRedirect(_address(currency))


def _under_way(admin: ModelAdmin, request: StaffRequest, currency: Currency, job: NightRun) -> HttpResponse:
    panels = [redating_panels.under_way(job), *redating_panels.finished(request, currency)]
    return _draw(admin, request, currency, panels=panels, form=None, buttons=[GO_ON])


def _draw(admin: ModelAdmin, request: StaffRequest, currency: Currency, **context: Any) -> HttpResponse:
    title = f"Re-date the lots of {currency}, {currency.program}"
    context |= {"row": currency, "back": address_of(currency)}
    return admin.draw(request, "admin/change_of_policy.html", title=title, **context)


def _address(currency: Currency) -> str:
    return reverse("admin:programs_currency_redating", args=[currency.pk])


class CurrencyRedating(Extension[Currency]):
    """The page, and the way to it for those who may use it."""

    actions_detail = ["redate"]
    subpages = [Subpage(route="re-date", name="redating", permission=PERMISSION, view=_page)]

    @action(description="Re-date existing lots", permission=PERMISSION, icon="event_repeat")
    def redate(self, request: StaffRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(_address(found(Currency.objects.all(), object_id)))


class ExpiryRuleRedating(Extension[ExpiryRule]):
    """The way to the page of its currency."""

    actions_detail = ["redate"]

    @action(description="Re-date existing lots", permission=PERMISSION, icon="event_repeat")
    def redate(self, request: StaffRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(
            _address(found(ExpiryRule.objects.select_related("currency"), object_id).currency)
        )


site.extend(Currency, CurrencyRedating)
site.extend(ExpiryRule, ExpiryRuleRedating)
