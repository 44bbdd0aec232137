"""Which groups of members does a program name, and by which conditions is somebody in them?"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Unpack

from django.db import models, transaction
from django.dispatch import Signal
from django.utils.functional import cached_property
from simple_history.models import HistoricalRecords

from loyalty_site.lib.saving import SaveOptions
from programs import checks
from programs.models.programs import Program, ProgramPart
from programs.models.tiers import Tier
from programs.rules import naming
from programs.segments import stores, trees
from programs.segments.base import Surroundings

#: Sent with `segment_id` and `program_id` when a segment that is new, or a change of one, is committed.
saved = Signal()


class Segment(ProgramPart):
    """A saved set of conditions over the members of a program (programs/segments/trees.py says how they are written).

    Who is in it is looked up every night and when it is saved (members/segments/keeping.py); while it is switched
    off, nobody is.
    """

    program = models.ForeignKey(Program, models.CASCADE, related_name="segments")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=400, blank=True, help_text="What it is for.")
    conditions = models.JSONField(default=dict)
    is_active = models.BooleanField("active", default=True, help_text="Nobody is in one that is switched off.")

    history = HistoricalRecords()

    #: Whether it is checked as a part of a whole document, in which the other segments may be new, too.
    is_edited_whole = False

    class Meta:
        ordering = ["program_id", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "code"],
                name="segment_code_once_per_program",
                violation_error_message="The program already has a segment with this code.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @transaction.atomic
    def save(self, **options: Unpack[SaveOptions]) -> None:
        super().save(**options)
        transaction.on_commit(
            lambda: saved.send(Segment, segment_id=self.pk, program_id=self.program_id), robust=True
        )

    def clean(self) -> None:
        checks.refuse(self._problems())

    def _problems(self) -> Iterator[checks.Problem]:
        wrong = trees.problems(self.conditions)
        yield from (problem.under("conditions") for problem in wrong)
        if wrong or not self.program_id:
            return
        found = list(stores.missing(trees.stores(self.conditions), self.program.owner.code))
        if not self.is_edited_whole:
            around = surroundings(self.program)
            # That it names itself is a circle, not a segment that is missing.
            around = replace(around, segments={**around.segments, self.code: self.name})
            found = [*trees.unmet(self.conditions, around), *found]
            own = {self.code: trees.depends_on(self.conditions)}
            yield from trees.circular(self.code, named(self.program) | own)
        yield from (problem.under("conditions") for problem in found)

    @cached_property
    def named_by(self) -> list[str]:
        """The names of the segments of which this one is a condition; looked up once for each row that was read."""
        others = Segment.objects.filter(program=self.program_id).exclude(pk=self.pk)
        return [other.name for other in others if self.code in _segments(other)]

    @cached_property
    def named_by_rules(self) -> list[str]:
        """The names of the rules and promotions that ask for it, or have a rate for it."""
        rows = self.program.rules.order_by("name").values_list("name", "kind", "params", "conditions")
        found = [name for name, *rule in rows if self.code in naming.segments(*rule)]
        offers = self.program.promotions.order_by("name").values_list("name", "conditions")
        return found + [name for name, conditions in offers if self.code in naming.segments("", {}, conditions)]

    @cached_property
    def followed_by(self) -> list[str]:
        """The tiers that follow it: “Gold (Status)”."""
        rows = self.tiers.order_by("group__name", "sequence").values_list("name", "group__name")
        return [f"{name} ({group})" for name, group in rows]

    def held_by(self) -> list[str]:
        """Why it cannot be deleted, as ends of a sentence that begins with “It”."""
        found = [f"is a condition of the segment {name}" for name in self.named_by]
        found += [f"is named by {name}" for name in self.named_by_rules]
        found += [f"is followed by the tier {name}" for name in self.followed_by]
        messages = self.messages.order_by("name").values_list("name", flat=True)
        return found + [f"is whom the message {name} is for" for name in messages]

    def way_to(self, group: str) -> list[str]:
        """From a tier of the ladder with this code back to that ladder, if the tier followed this segment; [] where
        the segment does not depend on it."""
        start = trees.ladder(group)
        following = named(self.program)
        return trees.circle(start, following | {start: following.get(start, set()) | {self.code}})

    def say(self) -> str:
        """Its meaning as a sentence."""
        if trees.problems(self.conditions):
            return "Its conditions cannot be read any more."
        return trees.say(self.conditions, surroundings(self.program))


def named(program: Program) -> dict[str, set[str]]:
    """{what: what it depends on} of the stored segments of a program and the ladders that follow them."""
    found = {
        segment.code: set[str]() if trees.problems(segment.conditions) else trees.depends_on(segment.conditions)
        for segment in Segment.objects.filter(program=program)
    }
    followed = Tier.objects.filter(group__program=program, segment__isnull=False)
    for group, code in followed.values_list("group__code", "segment__code"):
        found.setdefault(trees.ladder(group), set()).add(code)
    return found


def asking_for(program: Program, promotion: str) -> list[str]:
    """The names of the stored segments of a program that have this promotion, by its code, in their conditions."""
    segments = Segment.objects.filter(program=program)
    return [segment.name for segment in segments if promotion in trees.promotions(segment.conditions)]


def _segments(segment: Segment) -> set[str]:
    return set() if trees.problems(segment.conditions) else trees.segments(segment.conditions)


def surroundings(program: Program) -> Surroundings:
    """What the conditions of a stored program may name."""
    groups: dict[str, dict[str, str]] = {}
    names: dict[str, str] = {}
    for code, name in program.tier_groups.values_list("code", "name"):
        groups[code], names[code] = {}, name
    for group, code, name in Tier.objects.filter(group__program=program).values_list("group__code", "code", "name"):
        groups[group][code] = name
    partners = program.participations.values_list("partner__code", flat=True)
    currencies: Mapping[str, str] = dict(program.currencies.values_list("code", "name"))
    return Surroundings(
        money=program.money,
        currencies=currencies,
        tier_groups=groups,
        group_names=names,
        segments=dict(program.segments.values_list("code", "name")),
        promotions=dict(program.promotions.values_list("code", "name")),
        owner=program.owner.code,
        partners=frozenset([program.owner.code, *partners]),
    )
