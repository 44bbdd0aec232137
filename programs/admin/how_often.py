"""What is said on the page of a rule about how often the same event counts?"""

from collections.abc import Iterator
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst

from programs import rules, triggers
from programs.models import Cap, Rule


def sentences(rule: Rule) -> Iterator[str]:
    """What tells its usual events apart, and which limit they usually have and this rule has not."""
    made = rules.made(rule.kind, rule.params)
    if made is None or made.phase != "base":
        return
    found = list(triggers.known(made.activities or ()))
    for trigger in found:
        yield f"{trigger.label} (“{trigger.name}”) is told apart from others by {trigger.key}."
    guarded = [trigger for trigger in found if trigger.guard]
    if guarded and not _is_guarded(rule):
        yield from (_advice(rule, trigger, trigger.guard) for trigger in guarded if trigger.guard)


def _is_guarded(rule: Rule) -> bool:
    caps = rule.caps.filter(is_active=True).values_list("scope", "measure")
    return any(triggers.guards(scope, measure) for scope, measure in caps)


def _advice(rule: Rule, trigger: triggers.Trigger, guard: triggers.Guard) -> str:
    """The usual limit, with the page on which it is added as it is."""
    wanted = {
        "program": rule.program_id,
        "rule": rule.pk,
        "currency": rule.currency_id,
        "name": f"{rule.name}: {guard.words}"[:80],
        "code": f"{rule.code[:30]}-uses",
        "scope": Cap.Scope.MEMBER.value,
        "period": guard.period,
        "measure": Cap.Measure.USES.value,
        "limit": guard.limit,
    }
    address = f"{reverse('admin:programs_cap_add')}?{urlencode(wanted)}"
    words = f"{capfirst(trigger.name)} usually counts {guard.words}, and nothing limits it here."
    return format_html('{} <a href="{}">Add this limit</a>', words.replace("_", " "), address)
