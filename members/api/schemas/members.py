"""How is a member written in the API: what may be sent, what is answered?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import CharField, Model

from loyalty_site.lib import money, notation
from loyalty_site.lib.schema_objects import Answer, Answered, Fields, Items
from loyalty_site.lib.schema_types import Day, Instant, Text, Truth, Whole
from members.api.schemas.tiers import STANDING
from members.held import HeldLot
from members.models import Card, Consent, Customer, ExternalId, Member
from members.profile import HeldBalance, Profile
from partners.models import Store
from programs.configuration import Currency


def _longest(model: type[Model], name: str) -> int:
    """How many characters the column `name` of `model` holds."""
    column = model._meta.get_field(name)
    if not isinstance(column, CharField) or column.max_length is None:
        raise TypeError(f"{model.__name__}.{name} is no text with a limit.")
    return column.max_length


_CARD = r"[0-9A-Za-z -]+"
#: What is said of the person; the rest of an enrolment is about the membership.
PERSON: dict[str, Text | Day] = {
    "kind": Text(_longest(Customer, "kind"), choices=Customer.Kind.values),
    "first_name": Text(_longest(Customer, "first_name")),
    "last_name": Text(_longest(Customer, "last_name")),
    "company_name": Text(_longest(Customer, "company_name"), text="Needed for a company."),
    "email": Text(_longest(Customer, "email")),
    "phone": Text(
        notation.LONGEST_PHONE,
        text="Like +33612345678, with blanks or hyphens as you like; without country code where the program has a "
        "country. It is answered in E.164.",
    ),
    "birth_date": Day(),
    "language": Text(_longest(Customer, "language"), text="Like en or pt-BR."),
}
#: How the API may say that somebody joined; imports and the back office have ways of their own.
CHANNELS = [name for name in Member.Channel.values if name not in ("import", "back-office")]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Somebody who is to become a member; `person` has what was said of the fields of PERSON."""

    person: Mapping[str, str | date]
    cards: Sequence[str] = ()
    external_id: str = ""
    home_store: str = ""
    channel: str = Member.Channel.API.value


def _enrolment(
    *,
    cards: Sequence[str] = (),
    external_id: str = "",
    home_store: str = "",
    channel: str = Member.Channel.API.value,
    **person: str | date,
) -> Enrolment:
    return Enrolment(person, cards, external_id, home_store, channel)


_CARD_NUMBER = Text(_longest(Card, "number"), required=True, pattern=_CARD, hint="Use letters, digits and hyphens.")
ENROLMENT = Fields(
    "Enrolment",
    PERSON
    | {
        "cards": Items(_CARD_NUMBER, most=10),
        "external_id": Text(
            _longest(ExternalId, "value"), text="What your system calls the person; once for each key's connection."
        ),
        "home_store": Text(_longest(Store, "code"), text="Code of a store of your partner."),
        "channel": Text(
            _longest(Member, "channel"), choices=CHANNELS, text="Where the member joined; “api” unless said."
        ),
    },
    _enrolment,
)
BALANCE = Answer(
    "Balance",
    {
        "currency": Text(40),
        "balance": Whole(text="available - arrears, in the currency's smallest unit."),
        "available": Whole(text="Can be spent now."),
        "pending": Whole(),
        "reserved": Whole(),
        "arrears": Whole(),
        "lifetime_earned": Whole(),
        "lifetime_redeemed": Whole(),
        "lifetime_expired": Whole(),
        "lifetime_reversed": Whole(),
        "lifetime_opening": Whole(
            -money.LARGEST, text="Brought in by opening balances, less what these took; not counted as earned."
        ),
        "earned_before": Whole(text="Earned in other systems before, as their files say."),
        "redeemed_before": Whole(text="Redeemed in other systems before, as their files say."),
        "expiries": Items(
            Answer("ComingExpiry", {"expires_at": Instant(), "points": Whole()}),
            text="Every coming expiry, the soonest first; points without an end are in none.",
        ),
    },
)
CONSENT = Answer(
    "Consent",
    {
        "channel": Text(10, choices=Consent.Channel.values),
        "given": Truth(),
        "said_at": Instant(),
    },
)
_SEGMENT = Answer("MemberSegment", {"code": Text(40), "name": Text(80), "since": Instant()})
#: What is told of the person, only to those who may know it; the rest is what whoever serves the member needs.
PERSONAL = [*PERSON, "birthday", "cards", "tags", "consents", "segments", "activity_score"]
_OF_PERSON = "Left out for keys of partners without the scope `personal`."
MEMBER = Answer(
    "Member",
    {
        "number": Text(24),
        "program": Text(40),
        "status": Text(10, choices=Member.Status.values),
        "enrolled_at": Instant(),
        "channel": Text(12),
        "home_store": Text(40, null=True),
        "external_id": Text(128, null=True, text="What your system calls the person."),
        "cards": Items(Text(40), text=_OF_PERSON),
        "birthday": Text(
            5, text=f"Month and day, like 12-25; known also of people who do not say the year. {_OF_PERSON}"
        ),
        "tags": Items(Text(60), text=_OF_PERSON),
        "consents": Items(
            CONSENT, text=f"The last word about each channel; of others nothing was said. {_OF_PERSON}"
        ),
        "segments": Items(
            _SEGMENT, text=f"The segments that the member is in, as they were looked up last. {_OF_PERSON}"
        ),
    }
    | {
        "activity_score": Whole(
            null=True, text=f"From 0 to 100, as it was counted last; null where there is none. {_OF_PERSON}"
        )
    }
    | {
        name: Text(kind.longest, text=_OF_PERSON) if isinstance(kind, Text) else Day(null=True, text=_OF_PERSON)
        for name, kind in PERSON.items()
    }
    | {"balances": Items(BALANCE), "tiers": Items(STANDING)},
    maybe=PERSONAL,
)

_PART = Whole(-money.LARGEST)
_HELD = {
    "available": Whole(-money.LARGEST, text="Below zero while a late debit took from what came after it."),
    "pending": _PART,
    "reserved": _PART,
    "arrears": _PART,
}
#: The member of then; other than that of now, it has no contact data, no cards and no outlook.
MEMBER_THEN = Answer(
    "MemberThen",
    {
        "number": Text(24),
        "program": Text(40),
        "at": Instant(null=True, text="What had happened by then is told; null: all of it."),
        "known_at": Instant(null=True, text="What had been written down by then is told; null: all of it."),
        "balances": Items(
            Answer(
                "BalanceThen",
                {"currency": Text(40), "balance": Whole(-money.LARGEST, text="available - arrears.")} | _HELD,
            )
        ),
        "lots": Items(
            Answer(
                "LotThen",
                {
                    "id": Whole(text="The entry that made it."),
                    "currency": Text(40),
                    "points": Whole(text="What it was born with."),
                    "remaining": Whole(-money.LARGEST, text="What was left of it."),
                    "is_pending": Truth(),
                    "activity_at": Instant(),
                    "expires_at": Instant(null=True, text="Its end as it was then."),
                },
            ),
            text="What the balances were the sum of.",
        ),
        "tiers": Items(Answer("TierThen", {"group": Text(40), "tier": Text(40), "name": Text(60)})),
    },
)

_BALANCE_COLUMNS = [name for name in BALANCE.fields if name not in ("currency", "balance", "expiries")]


def member(member: Profile, *, program: str, with_person: bool) -> dict[str, Answered]:
    """What a member is, without what the member holds; `program` is its code. PERSONAL only `with_person`."""
    person: dict[str, Answered] = {}
    if with_person:
        person = {name: member.person[name] for name in (*PERSON, "birthday")}
        person |= {"cards": member.cards, "tags": member.tags}
        person["consents"] = [
            {"channel": one.channel, "given": one.is_given, "said_at": one.said_at} for one in member.consents
        ]
        person["activity_score"] = member.activity_score
        person["segments"] = [{"code": one.code, "name": one.name, "since": one.since} for one in member.segments]
    return {
        "number": member.number,
        "program": program,
        "status": member.status,
        "enrolled_at": member.enrolled_at,
        "channel": member.channel,
        "home_store": member.home_store,
        "external_id": member.external_id,
        **person,
    }


def balance(
    currency: Currency, row: HeldBalance | None, *, ends: Sequence[tuple[datetime, int]]
) -> dict[str, Answered]:
    """One balance; `row` is None where nothing was ever moved, `ends` are its coming expiries."""
    columns = {name: getattr(row, name) if row else 0 for name in _BALANCE_COLUMNS}
    return {
        "currency": currency.code,
        "balance": columns["available"] - columns["arrears"],
        **columns,
        "expiries": [{"expires_at": at, "points": points} for at, points in ends],
    }


def balance_then(currency: Currency, parts: Mapping[str, int]) -> dict[str, Answered]:
    """One balance of then; `parts` as history.State has them, empty where nothing had moved."""
    held = {name: parts.get(name, 0) for name in _HELD}
    return {"currency": currency.code, "balance": held["available"] - held["arrears"], **held}


def lot_then(lot: HeldLot, codes: Mapping[int, str]) -> dict[str, Answered]:
    """One lot of then; `codes` are those of the currencies, by key."""
    names = ("id", "points", "remaining", "is_pending", "activity_at", "expires_at")
    return {"currency": codes[lot.currency_id]} | {name: getattr(lot, name) for name in names}
