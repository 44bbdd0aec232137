"""Is what is legal but surely not meant a warning?"""

import pytest

from programs import document
from tests.support.examples import changed, example, rule, tiers


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("program", "money"), "EUE", "program.money: no country pays in EUE today"),
        (("partners",), ["shop"], "partners[0]: the owner always takes part"),
        (("rules",), [], "rules: the program is active and gives points for nothing"),
        (("currencies", 0, "expiry"), {"period": 30, "unit": "day"}, "currencies[0].expiry.period: is not longer"),
        (("tier_groups", 0, "tiers"), [], "tier_groups[0].tiers: is empty"),
        (("tier_groups",), [tiers(gold="1")], "rules[2]: can never fire: each tier multiplies by 1"),
        (("rules", 2, "currency"), "status", "rules[2]: can never fire: no other rule gives “status”"),
        (("name",), None, "currencies[1]: no active rule gives “status”"),
        (("name",), None, "tier_groups[0].currency: no active rule gives “status”; nobody can rise"),
    ],
)
def test_what_is_surely_not_meant_is_a_warning(path, value, expected):
    made = example() if path == ("name",) else changed(path, value)
    assert document.check(made) == []
    assert [text for text in map(str, document.lint(made)) if text.startswith(expected)]


def test_two_spendable_currencies_without_a_primary_are_a_warning():
    made = changed(("currencies", 0, "is_primary"), False)
    made["currencies"].append({"code": "miles", "name": "Miles"})
    assert "currencies: none is primary" in " ".join(map(str, document.lint(made)))
    made["tier_groups"], made["rules"] = [], made["rules"][:1]
    assert "no tier group is measured in “status”" in " ".join(map(str, document.lint(made)))


def test_a_sound_program_has_no_warnings():
    made = example()
    made["rules"].append(rule("status", currency="status"))
    assert document.lint(made) == []
