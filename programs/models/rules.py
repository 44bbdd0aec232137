"""For what does a program give points?"""

from collections import defaultdict

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from programs import checks, rules
from programs.models.currencies import Currency
from programs.models.programs import Program, ProgramPart, ProgramPartQuerySet
from programs.models.tiers import Tier


class RuleQuerySet(ProgramPartQuerySet):
    def update(self, **values):
        """Change many rules; each gets a new version, as if saved."""
        return super().update(**{"version": F("version") + 1} | values)


class Rule(ProgramPart):
    """One earning rule: a kind (a file of programs/rules/), what it needs, and when it holds.

    Inside a group the rule that gives most wins; the groups add up.
    """

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
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True, help_text="The last day on which it holds.")
    is_active = models.BooleanField("active", default=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = RuleQuerySet.as_manager()
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

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        if not self._state.adding:
            self.version += 1
            if kwargs.get("update_fields"):
                kwargs["update_fields"] = {*kwargs["update_fields"], "version"}
        super().save(*args, **kwargs)

    def clean(self):
        checks.refuse(self._problems())

    def _problems(self):
        yield from checks.dates(starts_on=self.starts_on, ends_on=self.ends_on)
        if self.currency_id and self.currency.program_id != self.program_id:
            yield checks.Problem("currency", "choose a currency of the same program")
        own = {"kind": self.kind, "params": self.params, "conditions": self.conditions}
        wrong = list(checks.rule(**own))
        yield from wrong
        if not wrong and self.program_id:
            yield from checks.references(**own, surroundings=surroundings(self.program))


def surroundings(program):
    """What the rules of a stored program may refer to."""
    groups = defaultdict(set)
    for group, tier in Tier.objects.filter(group__program=program).values_list("group__code", "code"):
        groups[group].add(tier)
    partners = program.participations.values_list("partner__code", flat=True)
    return checks.Surroundings(
        partners=frozenset([program.owner.code, *partners]),
        tier_groups={code: groups[code] for code in program.tier_groups.values_list("code", flat=True)},
    )
