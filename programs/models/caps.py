"""How many points may be given at most, and by whom?"""

from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Max, Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from loyalty_site.lib import money
from partners.models import Store
from programs import cap_checks, capping, checks
from programs.models.currencies import Currency
from programs.models.programs import Program, ProgramPart
from programs.models.promotions import Promotion
from programs.models.rules import Rule
from programs.periods import local_date


class Cap(ProgramPart):
    """An upper limit of what is given of one currency: per transaction, per member, or as a budget for all.

    `limit` counts in what `measure` says: smallest units of points, uses, or minor units of money (points times
    their cost, or money off, of which its currency says nothing). It is exact at the moment of posting; see
    transactions/verbs/caps.py.
    """

    class Scope(models.TextChoices):
        TRANSACTION = "transaction", "Each transaction"
        MEMBER = "member", "Each member"
        STORE = "store", "Each store"
        PROGRAM = "program", "All members together (a budget)"

    class Period(models.TextChoices):
        EVER = "ever", "For ever"
        DAY = "day", "Each day"
        WEEK = "week", "Each ISO week"
        MONTH = "month", "Each month"
        QUARTER = "quarter", "Each quarter"
        YEAR = "year", "Each year"
        TRAILING = "trailing", "The last days, counted back from the activity (members only)"

    class Measure(models.TextChoices):
        POINTS = "points", "Points"
        USES = "uses", "Times"
        MONEY = "money", "Money that the points cost"
        DISCOUNT = capping.DISCOUNT, "Money off that tills give"

    class Behaviour(models.TextChoices):
        TRUNCATE = "truncate", "Give what is left"
        REJECT = "reject", "Refuse the transaction"

    program = models.ForeignKey(Program, models.CASCADE, related_name="caps")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    currency = models.ForeignKey(Currency, models.CASCADE, related_name="caps")
    rule = models.ForeignKey(
        Rule,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="caps",
        help_text="Only what this rule gives; empty: everything.",
    )
    promotion = models.ForeignKey(
        Promotion,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="caps",
        help_text="Only what this promotion gives; empty: everything.",
    )
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, blank=True, related_name="caps", help_text="Only this store; empty: any."
    )
    scope = models.CharField(max_length=12, choices=Scope, default=Scope.MEMBER)
    period = models.CharField(max_length=10, choices=Period, default=Period.DAY)
    trailing_days = models.PositiveSmallIntegerField(
        default=30, validators=[MinValueValidator(1), MaxValueValidator(3650)]
    )
    measure = models.CharField(max_length=10, choices=Measure, default=Measure.POINTS)
    limit = models.PositiveBigIntegerField(
        validators=[
            MinValueValidator(1, "A limit of zero gives nothing to anybody: switch the rule off instead."),
            MaxValueValidator(10**15),
        ]
    )
    behaviour = models.CharField(max_length=10, choices=Behaviour, default=Behaviour.TRUNCATE)
    alert_percent = models.PositiveSmallIntegerField(
        "alert at percent",
        default=90,
        validators=[MaxValueValidator(100)],
        help_text="Staff hear of it when so much of a budget is used up, and again when all of it is; 0: never.",
    )
    reopens = models.BooleanField(
        "reopens on reversal",
        default=True,
        help_text="A refund gives what it takes back to the period it came from.",
    )
    is_active = models.BooleanField("active", default=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["program_id", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "code"],
                name="cap_code_once_per_program",
                violation_error_message="The program already has a cap with this code.",
            ),
            models.CheckConstraint(
                condition=Q(limit__gt=0),
                name="cap_is_positive",
                violation_error_message="A limit of zero gives nothing to anybody: switch the rule off instead.",
            ),
            models.CheckConstraint(
                condition=~Q(period="trailing") | Q(scope="member"),
                name="only_members_have_trailing_caps",
                violation_error_message="Only a cap for each member can look back over trailing days.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        checks.refuse(self._problems())

    def _problems(self) -> Iterator[checks.Problem]:
        if self.currency_id and self.currency.program_id != self.program_id:
            yield checks.Problem("currency", "choose a currency of the same program")
        if self.rule and self.rule.program_id != self.program_id:
            yield checks.Problem("rule", "choose a rule of the same program")
        if self.promotion and self.promotion.program_id != self.program_id:
            yield checks.Problem("promotion", "choose a promotion of the same program")
        yield from checks.about(rule=bool(self.rule_id), promotion=bool(self.promotion_id))
        if self.rule and self.currency_id:
            own = self.rule.currency_id == self.currency_id
            for problem in cap_checks.of_rule(kind=self.rule.kind, measure=self.measure, is_of_currency=own):
                words = f"this rule {problem.message}" if problem.path == "rule" else problem.message
                yield checks.Problem(problem.path, words)
        if self.currency_id and self.program_id and self.limit is not None:
            yield from checks.cap(
                scope=self.scope,
                period=self.period,
                measure=self.measure,
                limit=self.limit,
                cost=self.currency.cost_per_point,
                decimals=self.currency.decimals,
                major=10 ** money.exponent(self.program.money),
            )
            yield from list(self._counted_otherwise()) or self._used_up()

    def _counted_otherwise(self) -> Iterator[checks.Problem]:
        """What it has counted is of its measure, its currency and its scope: as another number it would be wrong."""
        if self._state.adding:
            return
        counted = Cap.objects.filter(pk=self.pk, counters__used__gt=0)
        stored = counted.values("measure", "scope", "currency_id").first()
        for column, value in stored.items() if stored else ():
            if value != getattr(self, column):
                words = "stays once the cap has counted something; switch this one off, and make another one"
                yield checks.Problem(column.removesuffix("_id"), words)

    def _used_up(self) -> Iterator[checks.Problem]:
        """A budget does not become less than what was given of it in the period that is under way."""
        if self._state.adding or self.scope not in (self.Scope.PROGRAM, self.Scope.STORE):
            return
        limit = self.counted_limit()
        first = capping.first_day(self.period, local_date(timezone.now(), self.program.zone))
        used = self.counters.filter(period=first).aggregate(most=Max("used"))["most"] or 0
        if used > limit:
            least = -(-used * self.limit // limit)
            words = f"{self._said(least)} are used up already; a budget cannot become less than that"
            yield checks.Problem("limit", words)

    def counted_limit(self) -> int:
        """The limit in what its counters count, for which money has far smaller parts than for the limit itself."""
        cost, decimals = self.currency.cost_per_point, self.currency.decimals
        major = 10 ** money.exponent(self.program.money)
        limit, _ = capping.scaled(measure=self.measure, limit=self.limit, cost=cost, decimals=decimals, major=major)
        return limit

    def _said(self, units: int) -> str:
        """So many of what it counts, as people write them."""
        if self.measure in (self.Measure.MONEY, self.Measure.DISCOUNT):
            return f"{money.render(units, money.exponent(self.program.money))} {self.program.money}"
        return money.render(units, 0 if self.measure == self.Measure.USES else self.currency.decimals)


class StaffLimit(models.Model):
    """How many points a member of a staff group may credit or debit by hand; more needs a second person.

    In smallest units. Who is in several groups has the largest of their limits; who is in none that has a
    limit may post nothing alone (transactions/reviews/approvals.py).
    """

    program = models.ForeignKey(Program, models.CASCADE, related_name="staff_limits")
    group = models.ForeignKey("auth.Group", models.CASCADE, related_name="+")
    currency = models.ForeignKey(Currency, models.CASCADE, related_name="staff_limits")
    per_posting = models.PositiveBigIntegerField(default=500)
    per_day = models.PositiveBigIntegerField(default=2000)
    per_member = models.PositiveBigIntegerField(
        "per day and member",
        null=True,
        blank=True,
        help_text="For or from one member a day; empty: as much as a day.",
    )
    may_overdraw = models.BooleanField(
        default=False,
        help_text="May debit more points than a member has, where the currency allows arrears.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["program", "group", "currency"],
                name="one_staff_limit_each",
                violation_error_message="This group already has a limit for this currency.",
            )
        ]

    def __str__(self) -> str:
        once, daily = (money.render(units, self.currency.decimals) for units in (self.per_posting, self.per_day))
        return f"{self.group}: {once} at once, {daily} a day"

    def clean(self) -> None:
        if self.currency_id and self.program_id and self.currency.program_id != self.program_id:
            raise ValidationError({"currency": "Choose a currency of the same program."})
        if None in (self.per_posting, self.per_day):
            return
        if self.per_posting > self.per_day:
            raise ValidationError({"per_posting": "One posting cannot be more than the limit of the day."})
        if self.per_member is not None and not self.per_posting <= self.per_member <= self.per_day:
            raise ValidationError({"per_member": "It lies between the limits of one posting and of the day."})
