"""Does `check` answer any JSON value, whatever it is and wherever it stands?"""

import json

from hypothesis import given
from hypothesis import strategies as st

from programs import document, rules
from tests.support.examples import example, program, rule
from tests.support.sold_ladders import airline

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.decimals(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_check_answers_any_json_value(value):
    assert document.check(value)


def every_path(value, path=()):
    """The path of each value inside the example."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*path, step)
        yield from every_path(inner, (*path, step))


def replaced(made, path, value):
    """A document with one value replaced by another."""
    place = made
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return made


#: A document, and a place in it.
places = st.sampled_from([(make, path) for make in (example, airline) for path in every_path(make())])


@given(places, json_values)
def test_check_answers_any_json_value_anywhere_and_what_it_passes_can_be_filled(place, value):
    make, path = place
    made = replaced(make(), path, value)
    if document.check(made) == []:
        full = document.normal(made)
        assert document.check(full) == []
        assert document.normal(full) == full
        json.dumps(full)
        document.lint(made)


@given(st.sampled_from(sorted(rules.registry)), json_values, json_values)
def test_any_parameters_of_any_kind_get_an_answer(kind, params, conditions):
    document.check(program(rule(kind=kind) | {"params": params, "conditions": conditions}))
