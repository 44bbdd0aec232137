"""For what does a program give points?"""

from collections.abc import Collection, Iterator
from typing import Unpack

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from loyalty_site.lib.saving import SaveOptions, also
from programs import checks, competing, dependencies, parameters, rules
from programs.dependencies import Other
from programs.models.currencies import Currency
from programs.models.programs import Program, ProgramPart, ProgramPartQuerySet
from programs.models.promotions import Promotion
from programs.models.surroundings import surroundings, unknown_names
from programs.rules import naming, sentences
from programs.rules.units import Units


class RuleQuerySet(ProgramPartQuerySet["Rule"]):
    """Rules, whose versions count their changes."""

    def update(self, **values: object) -> int:
        """Change many rules; each gets a new version, as if saved."""
        return super().update(**{"version": F("version") + 1} | values)


class Rule(ProgramPart):
    """One earning rule: a kind (a file of programs/rules/), what it needs, and when it holds.

    Inside a group the rule that gives most wins, unless one of them says another choice; the groups add up. Of a
    kind that takes money off the currency says nothing.
    """

    class Stacking(models.TextChoices):
        STACKABLE = competing.STACKABLE, "Together with others"
        EXCLUSIVE = competing.EXCLUSIVE, "Alone: if it gives, no other does"
        STOPS = competing.STOPS, "Stops those behind it"

    class Choice(models.TextChoices):
        HIGHEST = competing.HIGHEST, "The one that gives most, of multipliers too"
        LOWEST = competing.LOWEST, "The one that gives least"
        NEWEST = competing.NEWEST, "The one that started last"
        ALL = competing.ALL, "All of them"

    program = models.ForeignKey(Program, models.CASCADE, related_name="rules")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=40, choices=rules.choices)
    currency = models.ForeignKey(Currency, models.PROTECT, related_name="rules")
    params = models.JSONField(default=dict, blank=True)
    conditions = models.JSONField(default=dict, blank=True)
    promotion = models.ForeignKey(
        Promotion,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="rules",
        help_text="It is what this promotion gives, and holds only where the promotion does; empty: always.",
    )
    group = models.SlugField(max_length=40, default="base", help_text="The best rule of a group wins; groups add up.")
    priority = models.PositiveSmallIntegerField(
        default=100, validators=[MaxValueValidator(10_000)], help_text="Lower goes first; decides ties."
    )
    stacking = models.CharField(
        max_length=10,
        choices=Stacking,
        default=Stacking.STACKABLE,
        db_default=Stacking.STACKABLE,
        help_text="How it stands to the other rules of its currency; by priority. Multipliers stand to multipliers.",
    )
    choice = models.CharField(
        "of its group",
        max_length=10,
        choices=Choice,
        default="",
        db_default="",
        blank=True,
        help_text="What counts of its group; empty: as another rule of it says, else the best rule.",
    )
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True, help_text="The last day on which it holds.")
    is_active = models.BooleanField("active", default=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    # The checker takes the one of the abstract base for a class variable.
    objects = RuleQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords()

    #: Whether it is checked as a part of a whole document, in which the other rules may be new, too.
    is_edited_whole = False

    class Meta:
        ordering = ["program_id", "group", "priority", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "code"],
                name="rule_code_once_per_program",
                violation_error_message="The program already has a rule with this code.",
            ),
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="rule_ends_after_it_starts",
                violation_error_message="The last day must not lie before the first.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, **options: Unpack[SaveOptions]) -> None:
        self.params = parameters.canonical(self.kind, self.params)
        if not self._state.adding:
            self.version += 1
            also(options, "version")
        super().save(**options)

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        super().validate_constraints(exclude)
        if self.choice and self.program_id and self.currency_id:
            beside = Rule.objects.filter(program=self.program_id, group=self.group)
            # Discounts are among themselves, whatever their currency.
            off = [kind for kind in rules.registry if rules.takes_off(kind)]
            of_currency = beside.filter(currency=self.currency_id).exclude(kind__in=off)
            beside = beside.filter(kind__in=off) if self.kind in off else of_currency
            said = beside.exclude(pk=self.pk).exclude(choice="").values_list("code", "choice")
            checks.refuse(checks.choice(self.choice, said))

    def clean(self) -> None:
        checks.refuse(self._problems())

    def _problems(self) -> Iterator[checks.Problem]:
        yield from checks.dates(starts_on=self.starts_on, ends_on=self.ends_on)
        if self.currency_id and self.currency.program_id != self.program_id:
            yield checks.Problem("currency", "choose a currency of the same program")
        if self.promotion and self.promotion.program_id != self.program_id:
            yield checks.Problem("promotion", "choose a promotion of the same program")
        yield from checks.choice_of_kind(kind=self.kind, choice=self.choice)
        kind, params, conditions = self.kind, self.params, self.conditions
        wrong = list(checks.rule(kind=kind, params=params, conditions=conditions))
        yield from wrong
        if not wrong and self.program_id:
            around = surroundings(self.program)
            yield from checks.references(kind=kind, params=params, conditions=conditions, surroundings=around)
            yield from () if self.is_edited_whole else self._waiting()
            if self.is_active and self.program.strictness == Program.Strictness.REFUSE:
                yield from self.unknown()

    def _waiting(self) -> Iterator[checks.Problem]:
        """What is wrong with whom it waits for, and with another code of a rule for which others wait."""
        rows = Rule.objects.filter(program=self.program_id).exclude(pk=self.pk)
        others = {code: Other.of(kind, said) for code, kind, said in rows.values_list("code", "kind", "conditions")}
        yield from dependencies.problems(self.code, self.conditions, others)
        if (waiting := self.awaited_by()) and not Rule.objects.filter(pk=self.pk, code=self.code).exists():
            yield checks.Problem("code", f"must stay, because rules wait for it: {', '.join(waiting)}")

    def awaited_by(self) -> list[str]:
        """The names of the rules that ask whether it gives something, under its stored code."""
        code = Rule.objects.filter(pk=self.pk).values_list("code", flat=True).first()
        rows = Rule.objects.filter(program=self.program_id).exclude(pk=self.pk).values_list("name", "conditions")
        return [name for name, said in rows if code in naming.waits_for(said)]

    def say(self) -> str:
        """What it gives to whom as one sentence; asks for its currency and its program."""
        units = Units(self.currency.name, self.program.money)
        starts, ends = self.starts_on, self.ends_on
        return sentences.of_rule(self.kind, self.params, self.conditions, units, starts_on=starts, ends_on=ends)

    def unknown(self) -> list[checks.Problem]:
        """What it names and nobody has who takes part; whether that is refused, the program says."""
        return unknown_names(self.program, self.conditions)
