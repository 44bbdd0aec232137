"""For what does a program give points?"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Unpack

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from loyalty_site.lib.saving import SaveOptions, also
from loyalty_site.lib.texts import listed
from programs import checks, competing, existing, parameters, rules
from programs.models.currencies import Currency
from programs.models.programs import Program, ProgramPart, ProgramPartQuerySet
from programs.models.tiers import Tier
from programs.rules.base import Surroundings


class RuleQuerySet(ProgramPartQuerySet["Rule"]):
    """Rules, whose versions count their changes."""

    def update(self, **values: object) -> int:
        """Change many rules; each gets a new version, as if saved."""
        return super().update(**{"version": F("version") + 1} | values)


class Rule(ProgramPart):
    """One earning rule: a kind (a file of programs/rules/), what it needs, and when it holds.

    Inside a group the rule that gives most wins, unless one of them says another choice; the groups add up.
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
            beside = Rule.objects.filter(program=self.program_id, currency=self.currency_id, group=self.group)
            said = beside.exclude(pk=self.pk).exclude(choice="").values_list("code", "choice")
            checks.refuse(checks.choice(self.choice, said))

    def clean(self) -> None:
        checks.refuse(self._problems())

    def _problems(self) -> Iterator[checks.Problem]:
        yield from checks.dates(starts_on=self.starts_on, ends_on=self.ends_on)
        if self.currency_id and self.currency.program_id != self.program_id:
            yield checks.Problem("currency", "choose a currency of the same program")
        yield from checks.choice_of_kind(kind=self.kind, choice=self.choice)
        kind, params, conditions = self.kind, self.params, self.conditions
        wrong = list(checks.rule(kind=kind, params=params, conditions=conditions))
        yield from wrong
        if not wrong and self.program_id:
            around = surroundings(self.program)
            yield from checks.references(kind=kind, params=params, conditions=conditions, surroundings=around)
            if self.is_active and self.program.strictness == Program.Strictness.REFUSE:
                yield from self.unknown()

    def unknown(self) -> list[checks.Problem]:
        """What it names and nobody has who takes part; whether that is refused, the program says."""
        if not any(existing.names(self.conditions)):
            return []
        program = self.program
        partners = {program.owner.code, *program.participations.values_list("partner__code", flat=True)}
        [found] = existing.unknown([self.conditions], partners=partners, channels=listed(program.channels))
        return found


def surroundings(program: Program) -> Surroundings:
    """What the rules of a stored program may refer to."""
    groups = defaultdict[str, set[str]](set)
    for group, tier in Tier.objects.filter(group__program=program).values_list("group__code", "code"):
        groups[group].add(tier)
    partners = program.participations.values_list("partner__code", flat=True)
    return Surroundings(
        partners=frozenset([program.owner.code, *partners]),
        tier_groups={code: frozenset(groups[code]) for code in program.tier_groups.values_list("code", flat=True)},
        sku_lists=frozenset(program.sku_lists.values_list("code", flat=True)),
    )
