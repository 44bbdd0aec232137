"""Which program does a request speak of, and what does that program promise?"""

from functools import cached_property

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view

from loyalty_site.lib import problems
from loyalty_site.lib.schema_types import Answer, Day, DecimalText, Items, Json, Text, Truth, Whole
from partners.api.endpoint import Endpoint
from programs import document, periods, versions
from programs.models import Participation, Program

PROGRAM = OpenApiParameter(
    "program",
    str,
    description="Code of the program. Needless while the key's partner has exactly one active program.",
)

_SUMMARY = {
    "code": Text(40),
    "name": Text(120),
    "status": Text(10, choices=Program.Status.values),
    "time_zone": Text(64, text="IANA zone in which days, months and expiry are computed."),
    "money": Text(3, text="ISO 4217 code of the amounts."),
    "language": Text(10),
    "owner": Text(40, text="Code of the partner who runs it."),
}
_EXPIRY = {
    "model": Text(20),
    "period": Whole(),
    "unit": Text(10),
    "rounding": Text(20),
    "min_validity_days": Whole(),
}
_CURRENCY = {
    "code": Text(40),
    "name": Text(60),
    "kind": Text(10, choices=("spendable", "qualifying")),
    "decimals": Whole(0, 4, text="Points are whole numbers of the smallest unit: with 2 decimals, 150 is 1.50."),
    "rounding": Text(10),
    "is_primary": Truth(text="Meant where a request names no currency."),
    "min_spend": Whole(text="The fewest points of one redemption."),
    "max_spend": Whole(null=True, text="The most points of one redemption; null: no limit."),
    "spend_step": Whole(text="Redemptions are multiples of it."),
    "expiry": Answer("Expiry", _EXPIRY, null=True, text="When its points end; null: never."),
}
_TIER = {
    "code": Text(40),
    "name": Text(60),
    "sequence": Whole(),
    "threshold": Whole(text="Qualifying points from which it is reached, in the smallest unit."),
    "multiplier": DecimalText(),
    "colour": Text(7),
}
_TIER_GROUP = {
    "code": Text(40),
    "name": Text(60),
    "window": Text(10),
    "currency": Text(40),
    "tiers": Items(Answer("Tier", _TIER)),
}
_RULE = {
    "code": Text(40),
    "name": Text(80),
    "kind": Text(40),
    "currency": Text(40),
    "group": Text(40, text="The best rule of a group wins; groups add up."),
    "priority": Whole(),
    "starts_on": Day(null=True),
    "ends_on": Day(null=True),
    "params": Json(),
    "conditions": Json(),
    "version": Whole(),
}
SUMMARY = Answer("ProgramSummary", _SUMMARY)
SUMMARIES = Answer("Programs", {"results": Items(SUMMARY)})
PROGRAM_DETAIL = Answer(
    "Program",
    _SUMMARY
    | {
        "version": Whole(text="Counts the changes of its configuration."),
        "partners": Items(Text(40), text="Codes of the other partners who take part."),
        "currencies": Items(Answer("Currency", _CURRENCY)),
        "tier_groups": Items(Answer("TierGroup", _TIER_GROUP)),
        "rules": Items(Answer("Rule", _RULE), text="Those that are switched on and not over."),
    },
)


def reachable(partner):
    """The programs in which `partner` takes part, as their owner or by a Participation."""
    joined = Participation.objects.filter(partner=partner).values("program")
    return Program.objects.filter(Q(owner=partner) | Q(pk__in=joined))


class ProgramEndpoint(Endpoint):
    """Works in one program: that of ?program=, or the one active program of the key's partner."""

    def known_parameters(self):
        return super().known_parameters() | {"program"}

    @cached_property
    def program(self):
        programs = reachable(self.connection.partner)
        if code := self.request.query_params.get("program"):
            program = programs.filter(code=code).first()
            if program is None:
                detail = "The key reaches no program with this code."
                raise problems.unlike("program_unknown", detail, field="?program")
            return program
        active = list(programs.filter(status=Program.Status.ACTIVE)[:2])
        if len(active) != 1:
            found = "no active program" if not active else "several active programs"
            raise problems.unlike(
                "program_missing", f"The key reaches {found}: name one, ?program=CODE.", field="?program"
            )
        return active[0]

    @cached_property
    def configuration(self):
        """The program as values, as new as the row that was just read."""
        compiled = versions.current(self.program.pk)
        return compiled if compiled.version == self.program.version else versions.renew(self.program.pk)

    def once(self, do):
        before = self.configuration
        try:
            return super().once(do)
        except Exception:
            # What was compiled inside a transaction that is rolled back has left no version behind.
            if versions.current(self.program.pk) is not before:
                versions.forget()
            raise


@extend_schema_view(
    list=extend_schema(
        operation_id="list_programs",
        summary="The programs that the key reaches",
        responses={200: SUMMARIES.schema()},
    ),
    retrieve=extend_schema(
        operation_id="read_program",
        summary="A program with its currencies, tiers and active rules",
        responses={200: PROGRAM_DETAIL.schema()},
    ),
)
class ProgramViewSet(Endpoint):
    """Programs, to read."""

    scopes = {"list": "read", "retrieve": "read"}

    def list(self, request):
        names = [name for name in _SUMMARY if name != "owner"]
        rows = reachable(self.connection.partner).order_by("code").values(*names, "owner__code")
        return self.answer({"results": [row | {"owner": row.pop("owner__code")} for row in rows]})

    def retrieve(self, request, code):
        program = reachable(self.connection.partner).select_related("owner").filter(code=code).first()
        if program is None:
            raise problems.unlike("program_unknown", "The key reaches no program with this code.")
        return self.answer(described(program))


def described(program):
    """A program as partners may see it: no costs, no limits of ours, no rules that are off or over."""
    written = document.export(program, with_versions=True)
    today = periods.local_date(timezone.now(), program.zone).isoformat()
    live = [rule for rule in written["rules"] if rule["is_active"] and (rule["ends_on"] or today) >= today]
    groups = [
        _only(_TIER_GROUP, group) | {"tiers": [_only(_TIER, tier) for tier in group["tiers"]]}
        for group in written["tier_groups"]
    ]
    currencies = [
        _only(_CURRENCY, currency) | {"expiry": _only(_EXPIRY, currency["expiry"]) if currency["expiry"] else None}
        for currency in written["currencies"]
    ]
    return _only(_SUMMARY, written["program"]) | {
        "version": program.version,
        "partners": written["partners"],
        "currencies": currencies,
        "tier_groups": groups,
        "rules": [_only(_RULE, rule) for rule in live],
    }


def _only(names, values):
    return {name: values[name] for name in names}
