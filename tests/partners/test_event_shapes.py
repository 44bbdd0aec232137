"""Every event of the catalogue says what its shape says: the examples fit, and each variable has one."""

from typing import cast

import jsonschema
import pytest

from loyalty_site.lib.json_types import Json
from partners import event_shapes
from partners.events import EVENTS
from tests.support.told import check


@pytest.mark.parametrize("name", EVENTS)
def test_the_example_of_every_event_fits_its_shape(name: str) -> None:
    check(event_shapes.envelope(EVENTS[name]), cast(Json, event_shapes.sample_body(name)))
    assert set(event_shapes.sample(name)) == set(EVENTS[name].says)


def test_a_body_with_a_part_missing_or_too_many_does_not_fit() -> None:
    shape = event_shapes.envelope(EVENTS["points.earned"])
    for change in (lambda data: data.pop("points"), lambda data: data["member"].update(email="ada@example.com")):
        body = event_shapes.sample_body("points.earned")
        change(cast(dict[str, dict[str, Json]], body["data"]))
        with pytest.raises(jsonschema.ValidationError):
            check(shape, cast(Json, body))


@pytest.mark.parametrize("name", EVENTS)
def test_every_variable_of_an_event_has_an_example_that_is_found_under_its_name(name: str) -> None:
    for variable in event_shapes.variables(name).values():
        found: Json = cast(Json, event_shapes.sample(name))
        for step in variable.name.split("."):
            assert isinstance(found, dict)
            found = found[step]
        assert found == variable.sample
        for one in cast(list[dict[str, Json]], found) if variable.items else ():
            assert set(one) == set(variable.items)


def test_examples_are_fresh_each_time() -> None:
    cast(dict[str, Json], event_shapes.sample("points.earned")["points"])["points"] = 0
    assert cast(dict[str, Json], event_shapes.sample("points.earned")["points"])["points"] == 120


def test_no_event_that_is_unknown_has_an_example() -> None:
    with pytest.raises(KeyError):
        event_shapes.sample("points.invented")
