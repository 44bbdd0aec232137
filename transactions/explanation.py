"""Why did a transaction give what it gave? The trace of a journal, said in words."""

from loyalty_site.lib import money


def explain(trace, currencies):
    """Sentences about a journal's trace. `currencies` maps a code to the Currency (name and decimals)."""
    if not trace:
        return []
    return [
        *_inputs(trace),
        *(_fired(rule, currencies) for rule in trace.get("rules", ())),
        *(_beaten(rule) for rule in trace.get("beaten", ())),
        *_nearest(trace),
    ]


def _inputs(trace):
    if "version" in trace:
        yield f"Evaluated under version {trace['version']} of the program."
    if "eligible" in trace:
        tiers = ", ".join(trace.get("tiers", {}).values()) or "none"
        local = trace.get("local", "")[:16].replace("T", " ")
        yield f"Seen by the rules: {trace['eligible']} eligible money, local time {local}, tier held before: {tiers}."
    if not trace.get("rules"):
        yield "No rule gave points."


def _fired(rule, currencies):
    currency = currencies.get(rule["currency"])
    given = money.render(rule["points"], currency.decimals) if currency else rule["points"]
    name = currency.name if currency else rule["currency"]
    times = "".join(f", times {factor['factor']} by {_named(factor)}" for factor in rule.get("multiplied_by", ()))
    return f"{_named(rule)} gave {given} {name}: exactly {rule['exact']}{times}."


def _beaten(rule):
    return f"{_named(rule)} would have given {rule['exact']}, but rule {rule['by']} of the same group gave more."


def _nearest(trace):
    nearest = trace.get("nearest")
    if nearest:
        yield f"Nearest rule that did not fire: {_named(nearest)}, because {nearest['why']}."


def _named(rule):
    return f"“{rule['name']}” (rule {rule['rule']}, version {rule['version']})"
