"""How does somebody build a program in the back office who has been told what it should be?

What the document says is typed into the fields that the pages show, each in the way in which a person writes it; all
else stays as it is shown. Nothing but the pages of the admin is used, as a browser would use them.
"""

import json

from django import forms
from django.contrib.auth import get_user_model
from django.urls import reverse

from loyalty_site.lib.panels import address_of
from members.models import Member, Relation
from programs import rules
from programs.models import Program, Promotion, Segment, Tier, TierGroup
from programs.segments import registry
from tests.support.admin_dialogs import deed
from tests.support.browsing import Browser

#: What stands under `not` in fields of its own.
LEFT_OUT = ("labels", "products", "categories")
#: A range of numbers, spans of days, names with their values: how people write them.
RANGES = ("amount", "quantity", "purchase_number", "days_since_last")
CHOSEN = ("tiers", "segments", "partners", "only_if", "weekdays")


class Desk(Browser):
    """The pages of the admin, in which a superuser types."""

    def __init__(self, client):
        super().__init__(client)
        client.force_login(get_user_model().objects.get(is_superuser=True))

    def build(self, spec):
        """The program of a document, made page by page; then it is made active."""
        self.make_partners(spec)
        program = self.make_program(spec)
        for group in spec.get("tier_groups", ()):
            self.make_ladder(program, group)
        for one in spec.get("segments", ()):
            self.make_segment(program, one)
        for one in spec.get("promotions", ()):
            self.make_promotion(program, one)
        for one in spec["rules"]:
            self.make_rule(program, one)
        for one in spec.get("caps", ()):
            self.make_cap(program, one)
        self.send(address_of(program), status="active")
        return Program.objects.get(pk=program.pk)

    def make_partners(self, spec):
        for code in [spec["program"]["owner"], *spec.get("partners", ())]:
            self.send(add("partners", "partner"), name=called(code), code=code)

    def make_program(self, spec):
        own = dict(spec["program"])
        own |= {"owner": called(own["owner"]), "status": "draft"}
        partners = [{"partner": called(code)} for code in spec.get("partners", ())]
        address = add("programs", "program")
        rows = {"participations": partners, "currencies": [plain(one, "expiry") for one in spec["currencies"]]}
        self.send(address, rows, **own)
        program = Program.objects.get()
        for currency in program.currencies.all():
            [expiry] = [one.get("expiry") for one in spec["currencies"] if one["code"] == currency.code]
            if expiry:
                self.send(reverse("admin:programs_currency_change", args=[currency.pk]), {"expiry_rule": [expiry]})
        return program

    def make_ladder(self, program, spec):
        keys = {currency.code: str(currency.pk) for currency in program.currencies.all()}
        own = plain(spec, "tiers") | {"program": program.name}
        if "currency" in spec:
            own["currency"] = program.currencies.get(code=spec["currency"]).name
        own["further_currencies"] = [keys[code] for code in spec.get("further_currencies", ())]
        self.send(add("programs", "tiergroup"), **own)
        group = TierGroup.objects.get(program=program, code=spec["code"])
        rows = []
        for tier in spec["tiers"]:
            row = plain(tier, "further", "benefits")
            for code, asked in tier.get("further", {}).items():
                row |= {f"further_{code}_{what}": number for what, number in asked.items()}
            rows.append(row)
        self.send(address_of(group), {"tiers": rows})
        for tier in spec["tiers"]:
            if tier.get("benefits"):
                row = Tier.objects.get(group=group, code=tier["code"])
                self.send(address_of(row), {"benefits": tier["benefits"]})

    def make_segment(self, program, spec):
        own = plain(spec, "conditions")
        for key, params in spec["conditions"].items():
            assert key in registry.conditions(), f"{key} is said under further conditions"
            own |= {f"{key}__{name}": listed(value) for name, value in params.items()}
        self.send(f"{add('programs', 'segment')}?program={program.pk}", program=program.pk, **own)
        assert Segment.objects.filter(program=program, code=spec["code"]).exists()

    def make_promotion(self, program, spec):
        own = plain(spec, "conditions") | conditions(spec.get("conditions", {}))
        self.send(f"{add('programs', 'promotion')}?program={program.pk}", program=program.pk, **own)

    def make_rule(self, program, spec):
        own = plain(spec, "conditions", "params") | conditions(spec.get("conditions", {}))
        own |= {"program": program.pk, "currency": program.currencies.get(code=spec["currency"]).pk}
        if "promotion" in spec:
            own["promotion"] = program.promotions.get(code=spec["promotion"]).pk
        given = spec.get("params", {})
        # What the form proposes and the document leaves out is emptied, as it would be by hand, where it can be.
        for name, field in rules.registry[spec["kind"]].Params.base_fields.items():
            if name in given or not isinstance(field, forms.ChoiceField):
                own[f"{spec['kind']}_{name}"] = given.get(name, "")
        self.send(f"{add('programs', 'rule')}?program={program.pk}", **own)

    def make_cap(self, program, spec):
        own = plain(spec) | {"program": program.pk}
        own["currency"] = program.currencies.get(code=spec["currency"]).pk
        if "rule" in spec:
            own["rule"] = program.rules.get(code=spec["rule"]).pk
        if "promotion" in spec:
            own["promotion"] = program.promotions.get(code=spec["promotion"]).pk
        self.send(f"{add('programs', 'cap')}?program={program.pk}", **own)

    def doubts(self, program):
        """What the pages of a program and of its rules find to look at; empty where all is well."""
        found = []
        for row in (program, *program.rules.all()):
            text = self.client.get(address_of(row)).content.decode()
            found += [(row.code, words) for words in ("To look at", "nothing limits it here") if words in text]
        return found


def called(partner):
    """The name that is typed for a partner of this code."""
    return partner.replace("-", " ").title()


def add(app, model):
    return reverse(f"admin:{app}_{model}_add")


def plain(spec, *without):
    return {name: value for name, value in spec.items() if name not in without}


def listed(value):
    """A list as people type it."""
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def conditions(spec):
    """The fields of a rule or a promotion, and what is written in them, of its conditions."""
    typed = {f"when_{key}": written(key, value) for key, value in spec.items() if key not in ("any", "all", "not")}
    further = {key: value for key, value in spec.items() if key in ("any", "all", "not")}
    excluded = further.get("not", {})
    if excluded and excluded.keys() <= set(LEFT_OUT) and len(excluded) == 1:
        del further["not"]
        typed |= {f"not_{key}": written(key, value) for key, value in excluded.items()}
    return typed | ({"further_conditions": json.dumps(further)} if further else {})


def written(key, value):
    """A condition as people write it into its field."""
    if key in RANGES:
        return f"{value.get('least', '')} to {value.get('most', '')}".strip()
    if key in ("attributes", "line_attributes"):
        return "; ".join(f"{name}: {', '.join(map(word, values))}" for name, values in value.items())
    if key == "dates":
        return ", ".join(" to ".join(span) for span in value)
    if key == "hours":
        return "-".join(value)
    return value if key in CHOSEN else listed(value)


def word(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


class PeopleAtDesk:
    """Who joins a program by the pages of the admin; like `program_stories.People`."""

    def __init__(self, desk, program):
        self.desk, self.program = desk, program

    def enrol(self, name, **customer):
        return self._enrolled(kind="person", first_name=name, last_name="Story", **customer)

    def found(self, company):
        return self._enrolled(kind="company", company_name=company)

    def _enrolled(self, **fields):
        self.desk.send(add("members", "member"), program=self.program.pk, **fields)
        return Member.objects.latest("pk")

    def employ(self, buyer, company, percent):
        fields = {"member": buyer.number, "group": company.number, "role": "buyer", "percent": percent}
        self.desk.send(add("members", "relation"), **fields)
        assert Relation.objects.filter(member=buyer, group=company, percent=percent).exists()

    def tag(self, member, name):
        self.desk.send(address_of(member.customer), {"tags": [{"name": name}]})

    def register(self, member, code):
        offer = Promotion.objects.get(program=self.program, code=code)
        answer = deed(self.desk.client, "members_member_enrol_in_promotion", member, promotion=offer.pk)
        assert answer["HX-Redirect"]
