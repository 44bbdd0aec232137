"""The types of a document name the same fields as its layout, which the models decide."""

import pytest

from programs.document import format, layout

SPECS = [
    (format.ProgramSpec, layout.PROGRAM),
    (format.CurrencySpec, layout.CURRENCY),
    (format.ExpirySpec, layout.EXPIRY),
    (format.TierGroupSpec, layout.TIER_GROUP),
    (format.TierSpec, layout.TIER),
    (format.RuleSpec, layout.RULE),
    (format.CapSpec, layout.CAP),
]


@pytest.mark.parametrize(("spec", "part"), SPECS)
def test_a_spec_names_each_field_of_its_part(spec, part):
    assert set(spec.__annotations__) == set(part.names)


def test_the_document_names_each_list():
    assert set(format.Document.__annotations__) == {"format", "program", *layout.LISTS}
