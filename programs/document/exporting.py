"""How is a stored program written down?"""

from programs.document.layout import CAP, CURRENCY, EXPIRY, FORMAT, PROGRAM, RULE, TIER, TIER_GROUP, number


def export(program, *, with_versions=False):
    """The document of a stored program: plain JSON values, codes instead of keys, stable order.

    `with_versions` adds the version of each rule, for the snapshots that journals refer to.
    """
    partners = program.participations.exclude(partner=program.owner_id)
    groups = program.tier_groups.select_related("currency").prefetch_related("tiers")
    return {
        "format": FORMAT,
        "program": columns(PROGRAM, program) | {"owner": program.owner.code},
        "partners": sorted(partners.values_list("partner__code", flat=True)),
        "currencies": [_currency(c) for c in program.currencies.select_related("expiry_rule").order_by("code")],
        "tier_groups": [_tier_group(group) for group in groups.order_by("code")],
        "rules": [_rule(rule, with_versions) for rule in program.rules.select_related("currency").order_by("code")],
        "caps": [_cap(cap, program) for cap in _caps(program)],
    }


def _currency(currency):
    expiry = getattr(currency, "expiry_rule", None)
    return columns(CURRENCY, currency) | {"expiry": columns(EXPIRY, expiry) if expiry else None}


def _tier_group(group):
    tiers = sorted(group.tiers.all(), key=lambda tier: tier.sequence)
    return columns(TIER_GROUP, group) | {
        "currency": group.currency.code,
        "tiers": [columns(TIER, tier) for tier in tiers],
    }


def _rule(rule, with_versions):
    own = {"currency": rule.currency.code, "params": rule.params, "conditions": rule.conditions}
    return columns(RULE, rule) | own | ({"version": rule.version} if with_versions else {})


def _caps(program):
    return program.caps.select_related("currency", "rule", "store__partner").order_by("code")


def _cap(cap, program):
    own = {"currency": cap.currency.code, "rule": cap.rule.code if cap.rule else ""}
    return columns(CAP, cap) | own | {"store": store_name(cap.store, program.owner_id) if cap.store else ""}


def store_name(store, owner_id):
    """The code of a store, behind the one of its partner unless that is the owner."""
    return store.code if store.partner_id == owner_id else f"{store.partner.code}/{store.code}"


def columns(part, row):
    """The plain columns of a stored row as JSON values."""
    return {name: plain(part.field(name), getattr(row, name)) for name in part.fields}


def plain(model_field, value):
    """One value of a model as JSON; what a document may write in several ways comes out in one."""
    if value is None:
        return None
    match model_field.get_internal_type():
        case "DecimalField":
            return number(value)
        case "DateField":
            return value.isoformat()
    return value
