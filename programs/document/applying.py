"""How does a document become, or change, a stored program? All of it, or nothing.

Only what differs is saved, so the same document twice changes nothing, not even the version.
Parts that the document leaves out are removed, unless something refers to them.
"""

from collections.abc import Mapping, Sequence
from typing import cast

from django.db import transaction
from django.db.models import F

from loyalty_site.lib.json_types import ExactJson
from partners.models import Partner
from programs.checks import Problem
from programs.document import following, layout
from programs.document.applying_rules import RulesOf, codes, columns
from programs.document.changes import Change, Changes, Invalid
from programs.document.filling import filled
from programs.document.format import (
    BenefitSpec,
    Document,
    ExpirySpec,
    TierSpec,
)
from programs.document.referring import problems
from programs.ladder_changes import LIVE_LADDER
from programs.models import (
    Benefit,
    Currency,
    ExpiryRule,
    Program,
    Segment,
    Tier,
    TierGroup,
)
from programs.models.expiryrules import KEEPS_ENDS

#: Above every sequence that a tier may have (see Tier.sequence).
_ASIDE = 10_000


def apply(
    document: ExactJson | Document,
    *,
    create_partners: bool = False,
    for_new_points: bool = False,
    recounts: bool = False,
) -> list[Change]:
    """Make the stored program what the document says; return the Changes, [] if it was so already.

    Raises Invalid, also where the program refuses what its rules name and nobody has. `create_partners` makes the
    partners that are not known yet; `for_new_points` consents that points which members hold keep their ends when an
    expiry rule changes; `recounts` says that the caller counts anew what ladders count whose way of counting changes.
    """
    if wrong := problems(document):
        raise Invalid(wrong)
    wanted, changes = filled(cast(Mapping[str, ExactJson], document)), Changes()
    with transaction.atomic():
        partners = _partners(wanted, changes, create_partners)
        program = _program(wanted, changes, partners)
        _Application(wanted, program, partners, changes, for_new_points=for_new_points, recounts=recounts).run()
    return changes


def preview(
    document: ExactJson | Document, *, create_partners: bool = False, for_new_points: bool = False
) -> list[Change]:
    """The Changes that `apply` would make, without making them. Raises Invalid like it."""
    with transaction.atomic():
        changes = apply(document, create_partners=create_partners, for_new_points=for_new_points)
        transaction.set_rollback(True)
    return changes


def _partners(document: Document, changes: Changes, may_create: bool) -> dict[str, Partner]:
    """Every partner that the document names, by code; made if missing and allowed."""
    named = {document["program"]["owner"]: "program.owner"}
    for place, code in enumerate(document["partners"]):
        named.setdefault(code, f"partners[{place}]")
    found = {partner.code: partner for partner in Partner.objects.filter(code__in=named)}
    missing = {code: path for code, path in named.items() if code not in found}
    if missing and not may_create:
        way = "add it in the admin, or import with --create-partners"
        raise Invalid(Problem(path, f"there is no partner “{code}”; {way}") for code, path in missing.items())
    for code in missing:
        found[code] = Partner.objects.create(code=code, name=code)
        changes.created("partner", code)
    return found


def _program(document: Document, changes: Changes, partners: Mapping[str, Partner]) -> Program:
    spec = document["program"]
    # Locked, so that two imports of one program come one after the other.
    stored = Program.objects.select_for_update(of=["self"], no_key=True).filter(code=spec["code"]).first()
    values = columns(layout.PROGRAM, spec) | {"owner": partners[spec["owner"]]}
    return changes.put(stored or Program(), values, "program", "program", spec["code"])


class _Application:
    """A document on its way into the rows of its program; `changes` grows with each step."""

    def __init__(
        self,
        document: Document,
        program: Program,
        partners: Mapping[str, Partner],
        changes: Changes,
        *,
        for_new_points: bool,
        recounts: bool,
    ) -> None:
        self.document, self.program, self.partners = document, program, partners
        self.changes, self.for_new_points, self.recounts = changes, for_new_points, recounts

    def run(self) -> None:
        # The order follows the foreign keys: what refers goes before what is referred to, and comes after it.
        rules = RulesOf(self.document, self.program, self.changes)
        rules.drop()
        self._drop_tiers()
        followed = following.let_go(self.document, self.program)
        self._currencies()
        self._participations()
        currencies = {currency.code: currency for currency in self.program.currencies.all()}
        self._tier_groups(currencies)
        # Rules may ask for them.
        self._segments()
        rules.put(currencies)
        following.follow(self.document, self.program, followed, self.changes)
        self.changes.keep_only(codes(self.document["currencies"]), self.program.currencies.all(), "currencies")

    def _participations(self) -> None:
        wanted = set(self.document["partners"]) - {self.program.owner.code}
        rows = {row.partner.code: row for row in self.program.participations.select_related("partner")}
        for code in sorted(wanted - rows.keys()):
            self.program.participations.create(partner=self.partners[code])
            self.changes.created("participation", code)
        for code in sorted(rows.keys() - wanted):
            rows[code].delete()
            # The owner's own row says nothing: it always takes part.
            if code != self.program.owner.code:
                self.changes.removed("participation", code)

    def _currencies(self) -> None:
        stored = {currency.code: currency for currency in self.program.currencies.all()}
        wanted = codes(self.document["currencies"])
        self.program.currencies.filter(is_primary=True).exclude(code__in=wanted).update(is_primary=False)
        specs = list(enumerate(self.document["currencies"]))
        # Who stops being primary goes first: there is never more than one.
        for place, spec in sorted(specs, key=lambda item: item[1]["is_primary"]):
            row = stored.get(spec["code"]) or Currency(program=self.program)
            path = f"currencies[{place}]"
            row = self.changes.put(row, columns(layout.CURRENCY, spec), path, "currency", spec["code"])
            self._expiry(row, spec["expiry"], f"{path}.expiry")

    def _expiry(self, currency: Currency, spec: ExpirySpec | None, path: str) -> None:
        stored = ExpiryRule.objects.filter(currency=currency).first()
        if spec:
            row = stored or ExpiryRule(currency=currency)
            row.is_for_new_points = self.for_new_points
            self.changes.put(row, columns(layout.EXPIRY, spec), path, "expiry rule", currency.code)
        elif stored:
            if currency.has_live_lots() and not self.for_new_points:
                raise Invalid([Problem(path, KEEPS_ENDS)])
            stored.delete()
            self.changes.removed("expiry rule", currency.code)

    def _drop_tiers(self) -> None:
        own = Tier.objects.filter(group__program=self.program)
        for place, spec in enumerate(self.document["tier_groups"]):
            tiers = own.filter(group__code=spec["code"])
            self.changes.keep_only(codes(spec["tiers"]), tiers, f"tier_groups[{place}].tiers")
        wanted = codes(self.document["tier_groups"])
        self.changes.keep_only([], own.exclude(group__code__in=wanted), "tier_groups")
        self.changes.keep_only(wanted, self.program.tier_groups.all(), "tier_groups")

    def _tier_groups(self, currencies: Mapping[str, Currency]) -> None:
        stored = {group.code: group for group in self.program.tier_groups.select_related("currency")}
        for place, spec in enumerate(self.document["tier_groups"]):
            path = f"tier_groups[{place}]"
            row = stored.get(spec["code"]) or TierGroup(program=self.program)
            values = columns(layout.TIER_GROUP, spec) | {"currency": currencies.get(spec["currency"])}
            row.is_recounted = self.recounts
            row = self.changes.put(row, values, path, "tier group", spec["code"])
            self._further(row, [currencies[code] for code in spec["further_currencies"]], path)
            self._tiers(row, spec["tiers"], f"{path}.tiers")

    def _further(self, group: TierGroup, wanted: Sequence[Currency], path: str) -> None:
        """The further currencies of a ladder."""
        before = sorted(currency.code for currency in group.further_currencies.all())
        after = sorted(currency.code for currency in wanted)
        if before != after:
            if not self.recounts and group.has_counted():
                raise Invalid([Problem(f"{path}.further_currencies", LIVE_LADDER)])
            group.further_currencies.set(wanted)
            if not self.changes.has_created("tier group", group.code):
                fields = {"further_currencies": (before, after)}
                self.changes.append(Change("changed", "tier group", group.code, fields))

    def _tiers(self, group: TierGroup, specs: Sequence[TierSpec], path: str) -> None:
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
            values = columns(layout.TIER, spec) | {"further": spec["further"]}
            row = self.changes.put(row, values, f"{path}[{place}]", "tier", spec["code"])
            self._benefits(row, spec["benefits"], f"{path}[{place}].benefits")

    def _benefits(self, tier: Tier, specs: Sequence[BenefitSpec], path: str) -> None:
        self.changes.keep_only(codes(specs), tier.benefits.all(), path)
        stored = {benefit.code: benefit for benefit in tier.benefits.all()}
        for place, spec in enumerate(specs):
            row = stored.get(spec["code"]) or Benefit(tier=tier)
            values = columns(layout.BENEFIT, spec) | {"details": spec["details"]}
            self.changes.put(row, values, f"{path}[{place}]", "benefit", spec["code"])

    def _segments(self) -> None:
        self.changes.keep_only(codes(self.document["segments"]), self.program.segments.all(), "segments")
        stored = {segment.code: segment for segment in self.program.segments.all()}
        for place, spec in enumerate(self.document["segments"]):
            row = stored.get(spec["code"]) or Segment(program=self.program)
            # What they name of each other was checked in the document, all of which is not stored yet.
            row.is_edited_whole = True
            values = columns(layout.SEGMENT, spec) | {"conditions": spec["conditions"]}
            self.changes.put(row, values, f"segments[{place}]", "segment", spec["code"])
