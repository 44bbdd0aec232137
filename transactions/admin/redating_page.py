"""How do live lots get new terms of expiry? A page of the currency: asked why, shown what moves, agreed to, done."""

from dataclasses import dataclass
from functools import partial

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from loyalty_site.lib.admin import action, dressed, found
from loyalty_site.lib.panels import Sentences, Table, Tile, Tiles, link, moment, points
from programs.admin.parts import CurrencyAdmin, ExpiryRuleAdmin
from programs.models import Currency, ExpiryRule
from transactions.expiry import redating
from transactions.expiry.preview import preview

#: Who may change what a program promises.
PERMISSION = "programs.change_currency"

#: So long a request works itself; the rest of a big job is done beside the requests.
AT_ONCE_S = 5

#: Groups of ends that are shown, those with most points first.
_GROUPS = 15
_JOBS = 5


@dataclass(frozen=True, slots=True)
class Button:
    name: str
    label: str
    variant: str = ""


_SHOW = Button("show", "Show what would move")
_AGAIN = Button("show", "Show again", variant="default")
_AGREE = Button("agreed", "Re-date these lots")
_GO_ON = Button("go_on", "Go on now")


class RedateForm(forms.Form):
    """`shown` is the version of the program whose terms the preview was made of."""

    reason = dressed(forms.CharField(max_length=200, help_text="Kept with each lot; members and auditors will ask."))
    shown = forms.CharField(required=False, widget=forms.HiddenInput)


class RedateAction:
    """The way to the page, for those who may use it."""

    actions_detail = ["redate"]

    def has_redate_permission(self, request, object_id=None):
        return request.user.has_perm(PERMISSION)

    @action(description="Re-date existing lots", permissions=["redate"], icon="event_repeat")
    def redate(self, request, object_id):
        row = found(self.model._default_manager, object_id)
        return HttpResponseRedirect(_address(getattr(row, "currency", row)))


class CurrencyDesk(RedateAction, CurrencyAdmin):
    def get_urls(self):
        view = self.admin_site.admin_view(partial(_page, self))
        return [path("<path:object_id>/re-date/", view, name="programs_currency_redating"), *super().get_urls()]


class ExpiryRuleDesk(RedateAction, ExpiryRuleAdmin):
    pass


def _address(currency):
    return reverse("admin:programs_currency_redating", args=[currency.pk])


def _page(owner, request, object_id):
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    currency = found(Currency.objects.select_related("program", "expiry_rule"), object_id)
    job = redating.jobs(currency).filter(finished_at=None).first()
    if job:
        answer = _go_on if request.method == "POST" else _standing
        return answer(owner, request, currency, job)
    form = RedateForm(request.POST or None)
    if not form.is_valid():
        panels = [_terms(currency), *_jobs(request, currency)]
        return _draw(owner, request, currency, panels=panels, form=form, buttons=[_SHOW])
    if "agreed" in request.POST and form.cleaned_data["shown"] == str(currency.program.version):
        job = redating.start(currency, reason=form.cleaned_data["reason"], user=request.user)
        owner.log_change(request, currency, f"Re-dated live lots: {form.cleaned_data['reason']}")
        return _go_on(owner, request, currency, job)
    return _preview(owner, request, currency, form)


def _preview(owner, request, currency, form):
    plan = preview(currency)
    currency.program.refresh_from_db()
    panels = [_terms(currency), *_plan(currency, plan)]
    details = [_moves(currency, plan), _examples(request, currency, plan)] if plan.moved.lots else []
    if "agreed" in request.POST:
        told = ["The program has changed meanwhile; this is what would happen now."]
        panels.insert(0, Sentences("Look again", told))
    asked = RedateForm({"reason": form.cleaned_data["reason"], "shown": str(currency.program.version)})
    buttons = [_AGREE, _AGAIN] if plan.moved.lots or not plan.is_whole else [_AGAIN]
    return _draw(owner, request, currency, panels=panels, form=asked, buttons=buttons, details=details)


def _go_on(owner, request, currency, job):
    """Work at the job for a moment, and leave the rest to a worker."""
    job = redating.advance(job, for_s=AT_ONCE_S)
    if job.finished_at:
        text = f"Done: {job.counts['lots']} lots of {job.counts['members']} members have another end."
        owner.message_user(request, text, messages.SUCCESS)
    else:
        transaction.on_commit(partial(redating.work.delay, job.pk), robust=True)
        text = f"It has begun and goes on in the background: {_reached(job)}."
        owner.message_user(request, text, messages.INFO)
    return HttpResponseRedirect(_address(currency))


def _standing(owner, request, currency, job):
    notes = [f"{job.counts['lots']} lots have another end by now.", f"Why: {job.counts['reason']}"]
    notes.append("A worker goes on with it, at the latest in the night; load this page again to see how far it is.")
    panels = [Sentences(f"Under way: {_reached(job)}", notes), *_jobs(request, currency)]
    return _draw(owner, request, currency, panels=panels, form=None, buttons=[_GO_ON])


def _draw(owner, request, currency, **context):
    context |= {
        **owner.admin_site.each_context(request),
        "title": f"Re-date the lots of {currency}, {currency.program}",
        "opts": owner.opts,
        "back": reverse("admin:programs_currency_change", args=[currency.pk]),
        "currency": currency,
    }
    return TemplateResponse(request, "admin/currencies/redate.html", context)


def _reached(job):
    return f"{job.counts['members']} of {job.counts['of_members']} members"


def _terms(currency):
    rule = getattr(currency, "expiry_rule", None)
    model = rule.get_model_display() if rule else "Never"
    period = f", {rule}" if rule and rule.model in ("fixed", "activity") else ""
    notice = rule.notice_days if rule else 0
    return Sentences(
        "Terms",
        [
            f"New lots end by the terms of today: {model}{period}.",
            "Lots that live already keep their end until you re-date them.",
            f"By that, none ends sooner than {notice} days from now, unless it ends before that anyway.",
        ],
    )


def _plan(currency, plan):
    moved = plan.moved
    yield Tiles(
        [
            Tile("Move", f"{moved.lots} of {plan.seen} lots", [f"{plan.sooner} end sooner, {plan.later} later"]),
            Tile(currency.name, points(moved.points, currency), ["would get another end"]),
            Tile("Members", str(moved.members), [f"of {plan.members} with live points"]),
        ]
    )
    if not plan.is_whole:
        told = f"All {plan.lots} live lots will be looked at; these numbers are of the first {plan.seen}."
        yield Sentences("Not all of them are counted here", [told])
    if not moved.lots:
        yield Sentences("Preview", ["Nothing would move: each lot has the end that the terms of today give it."])


def _moves(currency, plan):
    groups = sorted(plan.moves.items(), key=lambda group: -group[1].points)
    return Table(
        title="What would move",
        headers=["Last usable day", "Lots", "Points"],
        rows=[
            [f"{_day(before)} → {_day(after)}", str(group.lots), points(group.points, currency)]
            for (before, after), group in groups[:_GROUPS]
        ]
        + _others(currency, groups[_GROUPS:]),
    )


def _others(currency, groups):
    if not groups:
        return []
    lots, units = (sum(getattr(group, name) for _, group in groups) for name in ("lots", "points"))
    return [[f"{len(groups)} other moves", str(lots), points(units, currency)]]


def _examples(request, currency, plan):
    zone = currency.program.zone
    return Table(
        title="For example",
        headers=["Member", "Lot", "Left", "Ends now", "Would end"],
        rows=[
            [
                link(request, one.lot.member, one.lot.member.number),
                link(request, one.lot, str(one.lot.pk)),
                points(one.lot.remaining, currency),
                moment(one.before, zone, empty="never"),
                moment(one.after, zone, empty="never"),
            ]
            for one in plan.examples
        ],
    )


def _jobs(request, currency):
    jobs = redating.jobs(currency).exclude(finished_at=None)[:_JOBS]
    rows = [
        [
            link(request, job, moment(job.started_at, currency.program.zone)),
            job.counts["lots"],
            job.counts.get("by") or "-",
            job.counts["reason"],
        ]
        for job in jobs
    ]
    return [Table("Done before", ["When", "Lots", "By", "Why"], rows)] if rows else []


def _day(day):
    return f"{day:%-d %b %Y}" if day else "never"


for model, desk in ((Currency, CurrencyDesk), (ExpiryRule, ExpiryRuleDesk)):
    admin.site.unregister(model)
    admin.site.register(model, desk)
