"""What does a whole program look like as one JSON document?"""

FORMAT = "loyalty-program/1"

PROGRAM = (
    "code name owner time_zone money language status round_per earns_on_tax earns_on_shipping "
    "earns_on_gift_cards max_backdate_days pre_enrolment_days number_prefix"
).split()
EXPIRY = "model period unit rounding min_validity_days".split()


def export(program, *, with_versions=False):
    """The document of a stored program: plain JSON values, codes instead of keys, stable order.

    `with_versions` adds the version of each rule, for the snapshots that journals refer to.
    """
    head = {name: getattr(program, name) for name in PROGRAM if name != "owner"}
    return {
        "format": FORMAT,
        "program": head | {"owner": program.owner.code},
        "partners": sorted(program.participations.values_list("partner__code", flat=True)),
        "currencies": [
            _currency(c) for c in program.currencies.select_related("expiry_rule").order_by("code")
        ],
        "tier_groups": [
            _tier_group(group)
            for group in program.tier_groups.select_related("currency")
            .prefetch_related("tiers")
            .order_by("code")
        ],
        "rules": [
            _rule(rule, with_versions) for rule in program.rules.select_related("currency").order_by("code")
        ],
    }


def _currency(currency):
    expiry = getattr(currency, "expiry_rule", None)
    return {
        "code": currency.code,
        "name": currency.name,
        "kind": currency.kind,
        "decimals": currency.decimals,
        "rounding": currency.rounding,
        "is_primary": currency.is_primary,
        "cost_per_point": _number(currency.cost_per_point),
        "expiry": {name: getattr(expiry, name) for name in EXPIRY} if expiry else None,
    }


def _tier_group(group):
    tiers = [
        {
            "code": tier.code,
            "name": tier.name,
            "sequence": tier.sequence,
            "threshold": tier.threshold,
            "multiplier": _number(tier.multiplier),
            "colour": tier.colour,
        }
        for tier in sorted(group.tiers.all(), key=lambda tier: tier.sequence)
    ]
    head = {"code": group.code, "name": group.name, "currency": group.currency.code, "window": group.window}
    return head | {"tiers": tiers}


def _rule(rule, with_versions):
    return {
        "code": rule.code,
        "name": rule.name,
        "kind": rule.kind,
        "currency": rule.currency.code,
        "group": rule.group,
        "priority": rule.priority,
        "starts_on": rule.starts_on.isoformat() if rule.starts_on else None,
        "ends_on": rule.ends_on.isoformat() if rule.ends_on else None,
        "is_active": rule.is_active,
        "params": rule.params,
        "conditions": rule.conditions,
    } | ({"version": rule.version} if with_versions else {})


def _number(value):
    """Decimals as text without needless zeros, so that 1, 1.0 and 1.000 are the same document."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
