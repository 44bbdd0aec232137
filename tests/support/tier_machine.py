"""How are the engine and the model of tiers asked the same, and compared after each step?"""

from collections import Counter
from datetime import date, timedelta
from itertools import count, zip_longest

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant

from members.models import Standing, Tally
from programs import versions
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.ladders import ladder, second_currency
from tests.support.ledger_machine import Rollback
from tests.support.tier_model import Life
from tests.support.tier_terms import DAY, Terms, midnight
from transactions import ledger

outcomes = Counter()

CODES = ("base", "silver", "gold")
ENTRY, KEPT = (500, 1000), [(500, 1000), (500, 800), (300, 700)]


@st.composite
def terms(draw):
    """A ladder of any model, as anybody could set it up."""
    model = draw(st.sampled_from(["calendar", "calendar", "anniversary", "anniversary", "rolling", "lifetime"]))
    has_cycles = model in ("calendar", "anniversary")
    validities = ["period", "rest_of_cycle", "rest_of_cycle_plus_next"] if has_cycles else ["period"]
    first = draw(st.sampled_from([0, 0, 100]))
    entry, kept = [[first, *ENTRY]], [[first, *draw(st.sampled_from(KEPT))]]
    if draw(st.booleans()):
        entry.append([first // 100, 3, 6])
        kept.append([first // 100, 2, 4])
    return Terms(
        model=model,
        names=("status", "segments")[: len(entry)],
        entry=tuple(zip(*entry, strict=True)),
        retention=tuple(zip(*kept, strict=True)),
        needs_all=draw(st.booleans()),
        cycle_start=draw(st.sampled_from([(1, 1), (4, 16), (3, 31), (10, 1)])),
        window=draw(st.sampled_from([(12, "month"), (6, "month"), (90, "day")])),
        validity=draw(st.sampled_from([*validities, *validities, *validities, "none"])),
        period=draw(st.sampled_from([(12, "month"), (6, "month"), (3, "month"), (60, "day")])),
        period_end=draw(st.sampled_from(["before", "through"])),
        rounding=draw(st.sampled_from(["none", "none", "month", "quarter", "half_year", "year"])),
        on_end=draw(
            st.sampled_from(["to_earned", "one_level", "to_base", "to_earned", "one_level", "to_base", "never"])
        ),
        grace=draw(st.sampled_from([(0, "day"), (10, "day"), (25, "day"), (1, "month")])),
        grace_to_month_end=draw(st.booleans()),
        rollover=has_cycles and draw(st.booleans()),
        rollover_limit=draw(st.sampled_from([None, 200])),
        late_window=draw(st.sampled_from([0, 30, 90])),
    )


def program_of(terms):
    """The same ladder in a program: one status point for each euro, and one segment for each purchase."""
    made = factories.program(expiry="never", rules=False, max_backdate_days=900)
    factories.rule(
        made, "status", "per_amount", {"points": "1", "per": "1"}, currency=made.currencies.get(code="status")
    )
    rows = list(zip(CODES, terms.entry, terms.retention, strict=True))
    group = ladder(
        made,
        tiers={code: {"threshold": entry[0], "retention": kept[0]} for code, entry, kept in rows},
        model=terms.model,
        match="all" if terms.needs_all else "any",
        cycle_start="{:02}-{:02}".format(*terms.cycle_start),
        window=terms.window[0],
        window_unit=terms.window[1],
        validity=terms.validity,
        period=terms.period[0],
        period_unit=terms.period[1],
        period_end=terms.period_end,
        rounding=terms.rounding,
        on_end=terms.on_end,
        grace=terms.grace[0],
        grace_unit=terms.grace[1],
        grace_to_month_end=terms.grace_to_month_end,
        rollover=terms.rollover,
        rollover_limit=terms.rollover_limit,
        late_window=terms.late_window,
    )
    if len(terms.names) > 1:
        second_currency(made, group, thresholds={code: (entry[1], kept[1]) for code, entry, kept in rows})
        made.rules.filter(code="segments").update(params={"points": "1"})
    versions.renew(made.pk)
    return made


class TierMachine(RuleBasedStateMachine):
    """One member on one ladder, in both; the rules are added by the test."""

    orders = Bundle("orders")

    @initialize(
        terms=terms(),
        enrolled_on=st.sampled_from([date(2024, 2, 29), date(2024, 1, 31), date(2024, 7, 10)]),
        days=st.integers(0, 500),
    )
    def life(self, terms, enrolled_on, days):
        self.atomic = transaction.atomic()
        self.atomic._from_testcase = True
        self.atomic.__enter__()
        self.terms, self.names, self.is_watched = terms, count(), True
        self.made = program_of(terms)
        enrolled_at = midnight(enrolled_on) + timedelta(hours=9)
        self.now = midnight(enrolled_on + (1 + days) * DAY) + timedelta(hours=12)
        self.who = factories.member(self.made, enrolled_at=enrolled_at)
        self.model = Life(terms, enrolled_at, tell=self.tell)
        self.model.live_until(self.now)

    def tell(self, outcome):
        outcomes[outcome] += 1

    def teardown(self):
        if not hasattr(self, "atomic"):
            return
        try:
            if hasattr(self, "model"):
                self.settle()
                self.the_engine_agrees_with_the_model()
                assert_balanced(self.made)
        finally:
            self.atomic.__exit__(Rollback, Rollback(), None)
            versions.forget()

    def settle(self):
        ledger.refresh(self.made.pk, [self.who.pk], now=self.now)
        self.model.live_until(self.now)

    # What is held.

    def held(self):
        """What the engine tells: each tier with its dates but for those of no length, and what was counted."""
        rows = Standing.objects.told().filter(member=self.who).order_by("from_at", "pk")
        columns = ("tier__code", "reason", "since_at", "from_at", "valid_until", "until_at")
        told = [row[:5] for row in rows.values_list(*columns) if row[3] != row[5]]
        tallies = Tally.objects.filter(member=self.who).values_list("currency__code", "period", "points", "carried")
        return told, {(code, period): counted for code, period, *counted in tallies if any(counted)}

    def wanted(self):
        """The same of the model."""
        model = self.model
        pairs = zip_longest(model.rows, model.rows[1:])
        rows = [row for row, after in pairs if after is None or row.begins < after.begins]
        told = [
            (
                CODES[row.tier] if row.tier >= 0 else None,
                row.reason,
                row.since,
                row.begins,
                row.through and midnight(row.through + DAY),
            )
            for row in rows
        ]
        tallies = Counter()
        for fact in model.facts:
            for name, points in zip(self.terms.names, fact.points, strict=True):
                tallies[name, fact.day if self.terms.model == "rolling" else fact.cycle] += points
        counted = {key: [points, 0] for key, points in tallies.items()}
        if self.terms.rollover:
            first = model.cycle(model.enrolled_on)
            while first <= model.today:
                for name, carried in zip(self.terms.names, model.carried(first), strict=True):
                    counted[name, first] = [tallies[name, first], carried]
                first = model.last_of_cycle(first) + DAY
        return told, {key: values for key, values in counted.items() if any(values)}

    @invariant()
    def the_engine_agrees_with_the_model(self):
        if not hasattr(self, "model") or not self.is_watched:
            return
        self.settle()
        (told, counted), (wanted, wanted_counts) = self.held(), self.wanted()
        assert counted == wanted_counts
        assert told == wanted
