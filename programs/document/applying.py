"""How does a document become, or change, a stored program? All of it, or nothing.

Only what differs is saved, so the same document twice changes nothing, not even the version.
Parts that the document leaves out are removed, unless something refers to them.
"""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F

from loyalty_site.lib.refusals import Refused
from partners.models import Partner, Store
from programs.capping import store_of
from programs.checks import Problem, clause_of
from programs.document import layout
from programs.document.checking import check, filled
from programs.models import Cap, Currency, ExpiryRule, Program, Rule, Tier, TierGroup
from programs.models.expiryrules import KEEPS_ENDS

#: Above every sequence that a tier may have (see Tier.sequence).
_ASIDE = 10_000


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one part: `deed` is created, changed or removed; `fields` maps names to (before, after)."""

    deed: str
    part: str
    code: str
    fields: dict

    def __str__(self):
        told = ", ".join(f"{name} {before} → {after}" for name, (before, after) in self.fields.items())
        return f"{self.deed} {self.part} {self.code}" + (f": {told}" if told else "")


class Invalid(Refused):
    """The document was not applied; `problems` says why, each with its path."""

    code = "invalid_document"

    def __init__(self, problems):
        self.problems = list(problems)
        first = self.problems[0]
        super().__init__("; ".join(map(str, self.problems)), field=first.path)


def apply(document, *, create_partners=False, for_new_points=False):
    """Make the stored program what the document says; return the Changes, [] if it was so already.

    Raises Invalid. `create_partners` makes the partners that are not known yet; `for_new_points` consents that
    points which members hold keep their ends when an expiry rule changes.
    """
    problems = check(document)
    if problems:
        raise Invalid(problems)
    with transaction.atomic():
        application = _Application(filled(document), create_partners=create_partners, for_new_points=for_new_points)
        return application.run()


def preview(document, **consents):
    """The Changes that `apply` would make, without making them. Raises Invalid like it."""
    with transaction.atomic():
        changes = apply(document, **consents)
        transaction.set_rollback(True)
    return changes


class _Application:
    """One document on its way into the database; `self.changes` grows with each step."""

    def __init__(self, document, *, create_partners, for_new_points):
        self.document = document
        self.create_partners, self.for_new_points = create_partners, for_new_points
        self.changes = []

    def run(self):
        # The order follows the foreign keys: what refers goes before what is referred to, and comes after it.
        partners = self._partners()
        self.program = self._program(partners)
        self._drop_caps()
        self._drop("rules", self.program.rules.all())
        self._drop_tiers()
        self._currencies()
        self._participations(partners)
        self.currencies = {currency.code: currency for currency in self.program.currencies.all()}
        self._tier_groups()
        self._rules()
        self._caps()
        self._drop("currencies", self.program.currencies.all())
        return self.changes

    def _partners(self):
        """Every partner that the document names, by code; made if missing and allowed."""
        named = {self.document["program"]["owner"]: "program.owner"}
        for place, code in enumerate(self.document["partners"]):
            named.setdefault(code, f"partners[{place}]")
        found = {partner.code: partner for partner in Partner.objects.filter(code__in=named)}
        missing = {code: path for code, path in named.items() if code not in found}
        if missing and not self.create_partners:
            way = "add it in the admin, or import with --create-partners"
            raise Invalid(Problem(path, f"there is no partner “{code}”; {way}") for code, path in missing.items())
        for code in missing:
            found[code] = Partner.objects.create(code=code, name=code)
            self.changes.append(Change("created", "partner", code, {}))
        return found

    def _program(self, partners):
        spec = self.document["program"]
        # Locked, so that two imports of one program come one after the other.
        stored = Program.objects.select_for_update(of=["self"], no_key=True).filter(code=spec["code"]).first()
        values = _values(layout.PROGRAM, spec) | {"owner": partners[spec["owner"]]}
        return self._put(stored or Program(), values, "program", "program")

    def _participations(self, partners):
        wanted = set(self.document["partners"]) - {self.program.owner.code}
        rows = {row.partner.code: row for row in self.program.participations.select_related("partner")}
        for code in sorted(wanted - rows.keys()):
            self.program.participations.create(partner=partners[code])
            self.changes.append(Change("created", "participation", code, {}))
        for code in sorted(rows.keys() - wanted):
            rows[code].delete()
            # The owner's own row says nothing: it always takes part.
            if code != self.program.owner.code:
                self.changes.append(Change("removed", "participation", code, {}))

    def _currencies(self):
        stored = {currency.code: currency for currency in self.program.currencies.all()}
        wanted = {spec["code"] for spec in self.document["currencies"]}
        self.program.currencies.filter(is_primary=True).exclude(code__in=wanted).update(is_primary=False)
        specs = list(enumerate(self.document["currencies"]))
        # Who stops being primary goes first: there is never more than one.
        for place, spec in sorted(specs, key=lambda item: item[1]["is_primary"]):
            row = stored.get(spec["code"]) or Currency(program=self.program)
            path = f"currencies[{place}]"
            row = self._put(row, _values(layout.CURRENCY, spec), path, "currency")
            self._expiry(row, spec["expiry"], f"{path}.expiry")

    def _expiry(self, currency, spec, path):
        stored = ExpiryRule.objects.filter(currency=currency).first()
        if spec:
            row = stored or ExpiryRule(currency=currency)
            row.is_for_new_points = self.for_new_points
            self._put(row, _values(layout.EXPIRY, spec), path, "expiry rule", code=currency.code)
        elif stored:
            if currency.has_live_lots() and not self.for_new_points:
                raise Invalid([Problem(path, KEEPS_ENDS)])
            stored.delete()
            self.changes.append(Change("removed", "expiry rule", currency.code, {}))

    def _drop_tiers(self):
        for place, spec in enumerate(self.document["tier_groups"]):
            tiers = Tier.objects.filter(group__program=self.program, group__code=spec["code"])
            self._remove(tiers, spec["tiers"], f"tier_groups[{place}].tiers")
        wanted = [spec["code"] for spec in self.document["tier_groups"]]
        gone = Tier.objects.filter(group__program=self.program).exclude(group__code__in=wanted)
        self._remove(gone, [], "tier_groups")
        self._drop("tier_groups", self.program.tier_groups.all())

    def _tier_groups(self):
        stored = {group.code: group for group in self.program.tier_groups.select_related("currency")}
        for place, spec in enumerate(self.document["tier_groups"]):
            path = f"tier_groups[{place}]"
            row = stored.get(spec["code"]) or TierGroup(program=self.program)
            currency = self.currencies[spec["currency"]]
            holder = TierGroup.objects.filter(currency=currency).exclude(pk=row.pk).first()
            if holder:
                raise Invalid([Problem(f"{path}.currency", f"still measures “{holder.code}”; change that one first")])
            row = self._put(row, _values(layout.TIER_GROUP, spec) | {"currency": currency}, path, "tier group")
            self._tiers(row, spec["tiers"], f"{path}.tiers")

    def _tiers(self, group, specs, path):
        # The ladder as it will be was checked; against the stored half of it a single step could look wrong.
        group.is_edited_whole = True
        stored = {tier.code: tier for tier in group.tiers.all()}
        wanted = {spec["code"]: spec["sequence"] for spec in specs}
        moving = [tier.pk for code, tier in stored.items() if tier.sequence != wanted[code]]
        if moving:
            # Two tiers that change places would meet: step aside first.
            group.tiers.filter(pk__in=moving).update(sequence=F("sequence") + _ASIDE)
        for place, spec in enumerate(specs):
            row = stored.get(spec["code"]) or Tier(group=group)
            self._put(row, _values(layout.TIER, spec), f"{path}[{place}]", "tier")

    def _rules(self):
        stored = {rule.code: rule for rule in self.program.rules.select_related("currency")}
        for place, spec in enumerate(self.document["rules"]):
            row = stored.get(spec["code"]) or Rule(program=self.program)
            values = _values(layout.RULE, spec) | {"currency": self.currencies[spec["currency"]]}
            values |= {name: spec[name] for name in ("params", "conditions")}
            self._put(row, values, f"rules[{place}]", "rule")

    def _drop_caps(self):
        self._drop("caps", self.program.caps.all())
        # A cap that stays must not go with the rule that it leaves.
        gone = self.program.rules.exclude(code__in=[spec["code"] for spec in self.document["rules"]])
        leaving = self.program.caps.filter(rule__in=gone)
        if leaving.exists():
            leaving.update(rule=None)

    def _caps(self):
        stored = {cap.code: cap for cap in self.program.caps.select_related("currency", "rule", "store")}
        rules = {rule.code: rule for rule in self.program.rules.all()}
        for place, spec in enumerate(self.document["caps"]):
            row = stored.get(spec["code"]) or Cap(program=self.program)
            values = _values(layout.CAP, spec) | {"currency": self.currencies[spec["currency"]]}
            values |= {"rule": rules.get(spec["rule"]), "store": self._store(spec["store"], f"caps[{place}].store")}
            self._put(row, values, f"caps[{place}]", "cap")

    def _store(self, text, path):
        name = store_of(text, self.program.owner.code)
        if name is None:
            return None
        found = Store.objects.filter(partner__code=name[0], code=name[1]).first()
        if found is None:
            raise Invalid([Problem(path, f"partner “{name[0]}” has no store “{name[1]}”; add it in the admin")])
        return found

    def _put(self, row, values, path, part, *, code=None):
        """Give `row` these values; save it if that changes anything."""
        is_new = row._state.adding
        before = {} if is_new else {name: getattr(row, name) for name in values}
        changed = {name: (was, values[name]) for name, was in before.items() if was != values[name]}
        if not is_new and not changed:
            return row
        for name, value in values.items():
            setattr(row, name, value)
        try:
            row.clean()
        except ValidationError as error:
            raise Invalid(_under(path, error)) from None
        row.save()
        self.changes.append(Change("created" if is_new else "changed", part, code or row.code, changed))
        return row

    def _drop(self, name, rows):
        self._remove(rows, self.document[name], name)

    def _remove(self, rows, specs, path):
        """Delete the rows that no spec names, unless something refers to them."""
        for row in rows.exclude(code__in=[spec["code"] for spec in specs]):
            holders = referrers(row)
            if holders:
                words = f"“{row.code}” cannot be left out: {', '.join(holders)} refer to it"
                raise Invalid([Problem(path, words)])
            row.delete()
            self.changes.append(Change("removed", row._meta.verbose_name, row.code, {}))


def referrers(row):
    """What still needs `row`, in the words of the admin; [] if it may go.

    Asked relation by relation, because Django's own refusal would first load each of a million balances.
    """
    relations = row._meta.get_fields(include_hidden=True)
    return [
        str(relation.related_model._meta.verbose_name_plural)
        for relation in relations
        if getattr(relation, "on_delete", None) is models.PROTECT
        and relation.related_model._base_manager.filter(**{relation.field.name: row}).exists()
    ]


def _values(part, spec):
    return {name: part.field(name).to_python(spec[name]) for name in part.fields}


def _under(path, error):
    """The Problems that a model's `clean` raised as a ValidationError."""
    return [
        Problem(f"{path}.{name}", clause_of(message))
        for name, messages in error.message_dict.items()
        for message in messages
    ]
