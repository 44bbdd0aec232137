"""Which pages has the admin? All that its site serves, each with an address where a shop has something to show.

What is not asked for is named here, with why; nothing is left out because it could not be found.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models.constants import LOOKUP_SEP
from django.urls import reverse

from tests.support.query_counts import walk

#: Buttons that lead to a page of its own, counted as far as there.
SENT_ON = {
    "admin members.Member purchase",
    "admin members.Member then",
    "admin partners.Connection issue_key",
    "admin partners.WebhookEndpoint new_secret",
    "admin programs.Currency redate",
    "admin programs.ExpiryRule redate",
    "admin programs.Message see_preview",
    "admin programs.Program add_cap",
    "admin programs.Program add_promotion",
    "admin programs.Program add_rule",
    "admin programs.Program bring_members",
    "admin programs.Program see_tonight",
    "admin programs.Promotion add_codes",
    "admin programs.Promotion add_gift",
    "admin programs.Promotion add_limit",
    "admin programs.Promotion download_codes",
    "admin programs.Segment export_members",
    "admin programs.TierGroup see_waiting",
    "admin transactions.NightRun see_tonight",
    "admin programs.TierGroup apply_thresholds",
    "admin programs.TierGroup change_counting",
}

#: Shown to those who are not logged in.
FOR_STRANGERS = {"admin login"}

#: What Django serves for every model and these refuse to everybody: rows that verbs write, and that stay.
#: They are asked for, and have to be refused, but are not counted.
FOR_NOBODY = {
    "axes": {"AccessAttempt": ["add", "delete"]},
    "members": {
        "Balance": ["add", "delete"],
        "Consent": ["delete"],
        "Erasure": ["add", "delete"],
        "Delivery": ["add", "delete"],
        "Event": ["add", "delete"],
        "Member": ["delete"],
        "MemberBenefit": ["add", "delete"],
        "Merge": ["add", "delete"],
        "PromotionEnrolment": ["add", "delete"],
        "Relation": ["delete"],
        "StaffNotice": ["add", "delete"],
        "StaffSubscription": ["add", "delete"],
        "Standing": ["add", "delete"],
        "Tally": ["add", "delete"],
    },
    "partners": {"ApiKey": ["delete"], "WebhookEndpoint": ["delete"]},
    "programs": {"ProgramVersion": ["add", "delete"]},
    "transactions": {
        "Approval": ["add", "delete"],
        "CapCounter": ["add", "delete"],
        "DowngradeDecision": ["add", "delete"],
        "Entry": ["add", "delete"],
        "Journal": ["delete"],
        "JournalLine": ["add", "delete"],
        "Lot": ["add", "delete"],
        "NightRun": ["add", "delete"],
        "Redating": ["add", "delete"],
        "Reevaluation": ["add", "delete"],
        "Seal": ["add", "delete"],
        "Trace": ["add", "delete"],
    },
}
REFUSED = {
    f"admin {app}.{model} {page}"
    for app, models in FOR_NOBODY.items()
    for model, pages in models.items()
    for page in pages
}

#: Not asked for at all.
NOT_COUNTED = {
    # Takes a POST only, and ends the session.
    "admin logout",
    # Takes a POST only, and marks what one was told as read.
    "admin members.StaffNotice read_all",
    # Named by an event; sends on to where somebody acts on it.
    "admin members.StaffNotice open",
    # Leads to a row's page on a public site; there is no such site.
    "admin view_on_site",
    # The first address that a row had in older versions of Django; sends on to its page.
    *(f"admin {model._meta.label} <path:object_id>/" for model in admin.site._registry),
    # Everything that is no address: the login for strangers, else 404.
    "admin (?P<url>.*)$",
}

#: What is asked where the page shows nothing without.
ASKED = {"admin search": {"s": "member"}}

#: As the pages of a model are called in the record, where that is not how Django calls them.
CALLED = {"changelist": "list", "simple_history": "version"}


@dataclass(frozen=True)
class Page:
    """What is asked for, under its name in the record."""

    name: str
    address: str

    def get(self, browser):
        """The answer to `browser`. Fails where it is not the one that is meant, or shows nothing."""
        response = browser.get(self.address)
        meant = 302 if self.name in SENT_ON else 403 if self.name in REFUSED else 200
        assert response.status_code == meant, f"{self.name} at {self.address} answers {response.status_code}"
        if "?q=" in self.address:
            assert response.context["cl"].result_count, f"{self.name} finds nothing at {self.address}"
        if self.name.endswith(" autocomplete"):
            assert response.json()["results"], f"{self.name} offers nothing at {self.address}"
        return response


def pages():
    """Every page of the admin but NOT_COUNTED. Fails where a table has no row to show."""
    unknown = (SENT_ON | FOR_STRANGERS | REFUSED | NOT_COUNTED) - {name for name, *_ in served()}
    assert not unknown, "These are exceptions, but not served any more."
    for name, pattern, model in served():
        if name in NOT_COUNTED:
            continue
        if name == "admin autocomplete":
            yield from autocompletes()
            continue
        assert pattern.name, f"{name} needs a name, or to be NOT_COUNTED."
        address = reverse(f"admin:{pattern.name}", args=_arguments(pattern, model))
        yield Page(name, f"{address}?{urlencode(ASKED[name])}" if name in ASKED else address)
        if name.endswith(" list") and admin.site._registry[model].search_fields:
            yield Page(f"admin {model._meta.label} search", f"{address}?{urlencode({'q': sought(model)})}")


def served():
    """(name in the record, pattern, model or None) of every address below the admin's, whoever put it there."""
    models = {f"{model._meta.app_label}_{model._meta.model_name}": model for model in admin.site._registry}
    for pattern, prefix in walk(admin.site.get_urls()):
        # An address without a name goes by its route and by the model below whose pages it is.
        below = "_".join(prefix.split("/")[:2])
        words = pattern.name or str(pattern.pattern)
        found = re.match(r"([a-z]+_[a-z]+)_(\w+)$", words)
        if found and found[1] in models:
            model, page = models[found[1]], found[2]
        else:
            model, page = models.get(below), words
        label = f"{model._meta.label} " if model else ""
        yield f"admin {label}{CALLED.get(page, page)}", pattern, model


def _arguments(pattern, model):
    if pattern.name == "app_list":
        return ["members"]
    if not pattern.pattern.regex.groups:
        return []
    assert model, f"{pattern.name} is no page of a model: say here which row it shows."
    if pattern.name.endswith("_simple_history"):
        version = first(model.history)
        return [version.instance.pk, version.pk]
    return [first(model._default_manager).pk]


def first(rows):
    row = rows.order_by("pk").first()
    assert row is not None, f"No {rows.model._meta.label} to show: give the lively shop one."
    return row


def sought(model):
    """What somebody would type to find the first row of `model` in its list."""
    row, path = first(model._default_manager), admin.site._registry[model].search_fields[0]
    if path == "pk":
        # By whatever names the member, see members/admin/found_by_member.py.
        path = f"{admin.site._registry[model].member_path}__number"
    for lookup in ("exact", "startswith"):
        path = path.removesuffix(LOOKUP_SEP + lookup)
    return model._default_manager.filter(pk=row.pk).values_list(path, flat=True).get()


def autocompletes():
    """Where the rows of each model are looked up that a form may choose by typing."""
    for model, page in admin.site._registry.items():
        if page.search_fields and (fields := [one.field for one in model._meta.related_objects]):
            meta = fields[0].model._meta
            asked = {"app_label": meta.app_label, "model_name": meta.model_name, "field_name": fields[0].name}
            address = reverse("admin:autocomplete")
            yield Page(f"admin {model._meta.label} autocomplete", f"{address}?{urlencode(asked)}")
