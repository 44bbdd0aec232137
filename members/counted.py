"""How far is a member with the rules that count, for pages and other systems? Semantics C7: progress is shown."""

from dataclasses import dataclass
from datetime import date

from members.models import Progress
from programs import periods
from programs.compiled_rules import Rule as CompiledRule
from programs.configuration import Configuration
from programs.models import Rule
from programs.progress import NOTHING, PERIODS, Reached, Shown, next_period
from programs.rules.target import said


@dataclass(frozen=True, slots=True)
class Counted:
    """One rule that counts: its `sentence`, how far the member is (`reached`), and what is told of that (`shown`).

    `run` are the periods in a row of a streak that goes on today, 0 of one that has ended; None of other rules.
    """

    rule: CompiledRule
    sentence: str
    reached: Reached
    shown: Shown
    run: int | None

    @property
    def in_words(self) -> str:
        """“3 of 5 units, 2 to go”."""
        return said(self.shown)


def of_member(configuration: Configuration, member_id: int, *, today: date) -> list[Counted]:
    """Of each rule that counts and is not over on the local day `today`, in the order of their names; two queries,
    or none where no rule counts."""
    rules = [rule for rule in configuration.counting if rule.ends_on is None or today <= rule.ends_on]
    if not rules:
        return []
    rows = {(row.rule, row.counts): row for row in Progress.objects.filter(member=member_id)}
    stored = Rule.objects.filter(program=configuration.id, code__in=[rule.code for rule in rules])
    stored = stored.select_related("currency", "program")
    said_of = {rule.code: rule.say() for rule in stored}
    found = []
    for rule in rules:
        row = rows.get((rule.code, rule.kind.measure))
        reached = row.reached if row else NOTHING
        shown = rule.kind.shown(reached, today, configuration.major)
        found.append(Counted(rule, said_of.get(rule.code, ""), reached, shown, _run(rule, reached, today)))
    return sorted(found, key=lambda one: (one.rule.name, one.rule.code))


def _run(rule: CompiledRule, reached: Reached, today: date) -> int | None:
    measure = rule.kind.measure
    if measure not in PERIODS:
        return None
    if reached.last_on is None:
        return 0
    # What may still be followed today goes on: yesterday's streak is not over before the day is.
    until = next_period(measure, next_period(measure, reached.last_on)) - periods.ONE_DAY
    return reached.run if today <= until else 0
