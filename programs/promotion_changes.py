"""How is a promotion stopped at once, taken up again, and used as the pattern of the next one?"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.texts import parts_of
from programs.models import Cap, Promotion, Rule
from programs.rules.conditions.others import OnlyIf

#: How long the code of a part may be.
_LONGEST = Promotion._meta.get_field("code").max_length or 0


class NotNow(Refused):
    """The state of the promotion does not allow it; nothing was changed."""

    code = "promotion_state"


@transaction.atomic
def stop(promotion: Promotion, *, now: datetime, reason: str) -> Promotion:
    """Let it count for nothing that happens from `now` on, whenever that is reported. Raises NotNow."""
    row = _locked(promotion)
    if row.stopped_from and row.stopped_from <= now:
        raise NotNow(f"{row} is stopped already.")
    row.stopped_from = now
    return _saved(row, f"Stopped: {reason}")


@transaction.atomic
def resume(promotion: Promotion, *, reason: str) -> Promotion:
    """Let it count again. Raises NotNow."""
    row = _locked(promotion)
    if row.stopped_from is None:
        raise NotNow(f"{row} is not stopped.")
    row.stopped_from = None
    return _saved(row, f"Resumed: {reason}")


def _locked(promotion: Promotion) -> Promotion:
    rows = Promotion.objects.select_for_update(no_key=True, of=["self"]).select_related("program")
    return rows.get(pk=promotion.pk)


def _saved(row: Promotion, why: str) -> Promotion:
    # The history of the row keeps it, cut as its column is.
    row._change_reason = why[:100]  # type: ignore[attr-defined]  # what the package asks for
    row.save(update_fields=["stopped_from"])
    return row


@transaction.atomic
def duplicate(promotion: Promotion, *, code: str, name: str) -> Promotion:
    """A copy with its rules and caps under new codes, switched off and without codes, enrolments and uses.

    Raises NotNow where the code or the name cannot be.
    """
    copy = Promotion(
        **_values(promotion, leaves_out=("code", "name", "is_active", "stopped_from")),
        code=code,
        name=name,
        is_active=False,
    )
    try:
        copy.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise NotNow(" ".join(messages), field=field if field in ("code", "name") else "code") from None
    copy.save()
    copied = _copy_rules(promotion, copy)
    caps = Cap.objects.filter(promotion=promotion) | Cap.objects.filter(rule__promotion=promotion)
    taken = set(promotion.program.caps.values_list("code", flat=True))
    for cap in caps.distinct().order_by("pk"):
        values = _values(cap, leaves_out=("code", "promotion", "rule"))
        rule = copied.get(cap.rule_id) if cap.rule_id else None
        own = copy if cap.promotion_id else None
        Cap.objects.create(**values, code=_code(cap.code, promotion, copy, taken), promotion=own, rule=rule)
    return copy


def _copy_rules(promotion: Promotion, copy: Promotion) -> dict[int, Rule]:
    """The copies of the rules of a promotion, by the keys of those; they wait for and multiply each other."""
    rules = list(promotion.rules.order_by("pk"))
    taken = set(promotion.program.rules.values_list("code", flat=True))
    codes = {rule.code: _code(rule.code, promotion, copy, taken) for rule in rules}
    return {rule.pk: _copy_rule(rule, promotion, copy, codes) for rule in rules}


def _copy_rule(rule: Rule, promotion: Promotion, copy: Promotion, codes: Mapping[str, str]) -> Rule:
    values = _values(rule, leaves_out=("code", "promotion", "group", "version", "conditions", "params"))
    # Where it had a group to itself, the two would compete while both run.
    group = copy.code if rule.group == promotion.code else rule.group
    params = dict(rule.params)
    if groups := params.get("groups"):
        params["groups"] = ", ".join(copy.code if one == promotion.code else one for one in parts_of(groups))
    conditions = _renamed(rule.conditions, codes)
    fields = {"code": codes[rule.code], "promotion": copy, "group": group, "params": params, "conditions": conditions}
    return Rule.objects.create(**values, **fields)


def _renamed(conditions: Any, codes: Mapping[str, str]) -> Any:
    """Conditions that wait for the rules of the copy where those of the promotion waited for its own."""
    if isinstance(conditions, list):
        return [_renamed(one, codes) for one in conditions]
    if not isinstance(conditions, dict):
        return conditions
    return {
        key: [codes.get(code, code) for code in value] if key == OnlyIf.key else _renamed(value, codes)
        for key, value in conditions.items()
    }


def _values(row: Promotion | Rule | Cap, *, leaves_out: Collection[str]) -> dict[str, object]:
    """The columns of a row, but for its key and those that a copy has otherwise."""
    fields = [field for field in row._meta.concrete_fields if not field.primary_key and field.name not in leaves_out]
    return {field.attname: getattr(row, field.attname) for field in fields}


def _code(code: str, promotion: Promotion, copy: Promotion, taken: set[str]) -> str:
    """A new code for a part: it begins with that of the copy, and is in none of those that are `taken`."""
    rest = code.removeprefix(promotion.code).lstrip("-_")
    base = f"{copy.code}-{rest}" if rest else copy.code
    found, number = base[:_LONGEST], 1
    while found in taken:
        number += 1
        found = f"{base[: _LONGEST - len(str(number)) - 1]}-{number}"
    taken.add(found)
    return found
