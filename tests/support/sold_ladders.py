"""Which tiers do leading vendors sell? Those of an airline, a hotel, a shop, and a paid membership, as documents."""

from hypothesis import strategies as st

from tests.support.examples import program, rule

MODELS = ["lifetime", "calendar", "anniversary", "rolling", "manual"]
VALIDITIES = ["none", "period", "rest_of_cycle", "rest_of_cycle_plus_next"]


def tier(code, sequence, threshold=None, retention=None, /, **fields):
    """A tier of a document."""
    own = {"code": code, "name": code.title(), "sequence": sequence, "threshold": threshold, "retention": retention}
    return own | fields


def ladder(*tiers, code="main", **fields):
    """A tier group of a document, measured in status points."""
    return {"code": code, "name": code.title(), "currency": "status", "tiers": list(tiers)} | fields


def of(group, *rules, currencies=(), **fields):
    """A whole program with this ladder; `currencies` are the qualifying ones that it has, "status" where none is."""
    made = program(rule(), *rules, groups=[group], **fields)
    if currencies:
        made["currencies"][1:] = [{"code": code, "name": code.title(), "kind": "qualifying"} for code in currencies]
    return made


def airline():
    """Miles or segments of the calendar year, kept to the end of next year, one level down, with benefits."""
    lounge = {"code": "lounge", "name": "Lounge", "kind": "access", "text": "The lounge, with a guest."}
    upgrade = {"code": "upgrade", "name": "Upgrade", "kind": "voucher", "details": {"voucher": "upgrade"}}
    group = ladder(
        tier("blue", 1, 0),
        tier("silver", 2, 25_000, 20_000, further={"segments": {"threshold": 30, "retention": 25}}),
        tier(
            "gold",
            3,
            50_000,
            40_000,
            further={"segments": {"threshold": 60, "retention": 50}},
            benefits=[lounge, upgrade],
        ),
        code="fliers",
        currency="miles",
        further_currencies=["segments"],
        model="calendar",
        validity="rest_of_cycle_plus_next",
        on_end="one_level",
    )
    earning = [
        rule("miles", currency="miles", params={"points": "10", "per": "1"}),
        rule("segments", "per_unit", {"points": "1"}, currency="segments"),
    ]
    return of(group, *earning, currencies=("miles", "segments"))


def hotel():
    """Nights or spend of a year of membership, with a month of grace that lasts to the month's end."""
    group = ladder(
        tier("member", 1, 0),
        tier("silver", 2, 10, 8, further={"spend": {"threshold": 2_000, "retention": 1_500}}),
        tier("gold", 3, 25, 20, further={"spend": {"threshold": 5_000, "retention": 4_000}}),
        code="guests",
        currency="nights",
        further_currencies=["spend"],
        model="anniversary",
        validity="rest_of_cycle_plus_next",
        grace=1,
        grace_to_month_end=True,
    )
    earning = [rule("nights", "per_unit", {"points": "1"}, currency="nights"), rule("spend", currency="spend")]
    return of(group, *earning, currencies=("nights", "spend"))


def retailer():
    """The spend of the trailing twelve months, each tier for twelve months."""
    group = ladder(
        tier("bronze", 1, 0),
        tier("silver", 2, 500),
        tier("gold", 3, 1_000),
        code="shoppers",
        model="rolling",
        window=12,
        validity="period",
        period=12,
    )
    return of(group, rule("status", currency="status"))


def membership():
    """A free tier, and one that is paid for: a manual ladder with dates of its own."""
    group = {"code": "plus", "name": "Plus", "model": "manual", "tiers": [tier("free", 1, 0), tier("plus", 2)]}
    made = of(group)
    made["currencies"].pop()
    return made


@st.composite
def ladders(draw):
    """Valid programs with a ladder of any model."""
    model = draw(st.sampled_from(MODELS))
    is_manual = model == "manual"
    has_cycles = model in ("calendar", "anniversary")
    validities = VALIDITIES if has_cycles else ["none", "period"]
    steps = sorted(draw(st.lists(st.integers(0, 10**9), min_size=1, max_size=4, unique=True)))
    tiers = []
    for place, step in enumerate(steps, start=1):
        own = tier(f"t{place}", place) if is_manual else tier(f"t{place}", place, step, steps[0])
        own["benefits"] = [
            {"code": "b", "name": "B", "details": draw(st.dictionaries(st.sampled_from("xyz"), st.none()))}
        ]
        tiers.append(own)
    small = st.integers(1, 3650)
    settings = {
        "model": model,
        "validity": draw(st.sampled_from(validities)),
        "window": draw(small),
        "window_unit": draw(st.sampled_from(["day", "month"])),
        "period": draw(small),
        "grace": draw(st.integers(0, 3650)),
        "grace_unit": draw(st.sampled_from(["day", "month"])),
        "rollover": has_cycles and draw(st.booleans()),
        "on_end": draw(st.sampled_from(["to_earned", "one_level", "to_base", "never"])),
        "rounding": draw(st.sampled_from(["none", "month", "quarter", "half_year", "year"])),
        "rollover_limit": draw(st.none() | st.integers(0, 10**15)),
    }
    made = of(ladder(*tiers, **settings))
    if is_manual:
        made["tier_groups"][0].pop("currency")
    return made
