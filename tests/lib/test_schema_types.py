"""What a shape reads is what it draws: each value is judged alike by both."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
from jsonschema import Draft202012Validator

from loyalty_site.lib.instants import instant
from loyalty_site.lib.schema_objects import Fields, FrozenItems, Items, named
from loyalty_site.lib.schema_types import Day, Instant, Json, Money, Quantity, Text, Whole

SHAPES = [
    (Text(3), "abc", "abc"),
    (Text(3), "abcd", "text_too_long"),
    (Text(3), 7, "invalid_type"),
    (Text(3), None, "invalid_type"),
    (Text(3, choices=["a", "b"]), "b", "b"),
    (Text(3, choices=["a", "b"]), "c", "invalid_choice"),
    (Text(3, required=True), "", "field_missing"),
    (Whole(1, 5), 5, 5),
    (Whole(1, 5), 6, "invalid_number"),
    (Whole(1, 5), "5", "invalid_number"),
    (Whole(0, 1), True, "invalid_number"),
    (Money(2), "12.34", 1234),
    (Money(2), 12, 1200),
    (Money(2), "-1", "invalid_number"),
    (Money(2), "1e3", "invalid_number"),
    (Money(2), {}, "invalid_number"),
    (Quantity(10), 2, 2000),
    (Quantity(10), "0.35", 350),
    (Quantity(10), 11, "invalid_number"),
    (Quantity(10), -1, "invalid_number"),
    (Quantity(10), "0.3505", "invalid_number"),
    (Quantity(10), True, "invalid_number"),
    (Quantity(10), [], "invalid_number"),
    (Json(), {"a": [1]}, {"a": [1]}),
    (Json(), [], "invalid_type"),
    (Items(Whole(), most=2), [1, 2], [1, 2]),
    (Items(Whole(), most=2), [1, 2, 3], "too_many_items"),
    (Items(Whole(), most=2), ["x"], "invalid_number"),
    (Items(Whole(), most=2), {}, "invalid_type"),
    (Fields("", {"a": Whole(required=True)}), {"a": 1}, {"a": 1}),
    (Fields("", {"a": Whole(required=True)}), {}, "field_missing"),
    (Fields("", {"a": Whole()}), {"b": 1}, "unknown_field"),
    (Fields("", {"a": Whole()}), {"a": None}, {}),
    (Fields("", {"a": Fields("", {"b": Whole()})}), {"a": {"b": "x"}}, "invalid_number"),
]


@pytest.mark.parametrize(("shape", "value", "expected"), SHAPES)
def test_what_is_read_is_what_is_drawn(shape, value, expected):
    errors = []
    found = shape.read(value, "field", errors)
    if errors:
        assert errors[0].code == expected
        assert errors[0].field.startswith("field")
    else:
        assert found == expected
    assert Draft202012Validator(shape.schema()).is_valid(value) == (not errors)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-09T17:30:00Z", datetime(2026, 3, 9, 17, 30, tzinfo=UTC)),
        ("2026-03-09t17:30z", datetime(2026, 3, 9, 17, 30, tzinfo=UTC)),
        ("2026-03-09 18:30:00.5+01:00", datetime(2026, 3, 9, 17, 30, 0, 500000, tzinfo=UTC)),
        ("2026-03-09T17:30:00", None),
        ("2026-03-09", None),
        ("20260309T173000Z", None),
        ("2026-13-09T17:30:00Z", None),
        ("2026-03-09T25:30:00Z", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("1899-12-31T23:59:59Z", None),
    ],
)
def test_an_instant_has_its_zone(text, expected):
    assert instant(text) == expected
    errors = []
    assert Instant().read(text, "at", errors) == expected
    assert bool(errors) == (expected is None)


@pytest.mark.parametrize(
    ("text", "expected"), [("1984-03-09", date(1984, 3, 9)), ("19840309", None), ("0001-01-01", None)]
)
def test_a_day_is_written_in_one_way(text, expected):
    errors = []
    Day().read(text, "on", errors)
    assert bool(errors) == (expected is None)


def test_several_mistakes_are_told_together():
    errors = []
    shape = Fields("", {"a": Whole(required=True), "b": Items(Fields("", {"c": Text(1)}), most=9)})
    shape.read({"b": [{"c": "x"}, {"c": "xx"}, 7], "d": 1}, "", errors)
    assert [(error.code, error.field) for error in errors] == [
        ("text_too_long", "b[1].c"),
        ("invalid_type", "b[2]"),
        ("unknown_field", "d"),
        ("field_missing", "a"),
    ]


def test_what_may_be_null_is_drawn_so():
    for shape, value in ((Text(3, null=True), "a"), (Whole(null=True), 1), (Text(3, choices=["a"], null=True), "a")):
        judge = Draft202012Validator(shape.schema())
        assert judge.is_valid(None)
        assert judge.is_valid(value)
        assert not judge.is_valid([])


def test_a_component_has_a_name_of_its_own(monkeypatch):
    monkeypatch.setitem(named, "Twice", Json())
    with pytest.raises(ValueError, match="Twice"):
        Fields("Twice", {})


@dataclass(frozen=True)
class Basket:
    name: str = "none"
    parts: tuple[int, ...] = ()


BASKET = Fields(
    "",
    {"title": Text(5), "parts": FrozenItems(Whole(required=True), most=3)},
    Basket,
    names={"title": "name"},
)


def test_an_object_is_read_as_the_value_that_it_is():
    errors = []
    assert BASKET.read({"title": "tea", "parts": [1, 2]}, "", errors) == Basket("tea", (1, 2))
    assert BASKET.read({"title": None}, "", errors) == Basket()
    assert not errors


def test_no_value_is_made_of_what_does_not_fit():
    errors = []
    assert BASKET.read({"name": "tea", "parts": [1, "x"]}, "basket", errors) is None
    assert [(error.code, error.field) for error in errors] == [
        ("unknown_field", "basket.name"),
        ("invalid_number", "basket.parts[1]"),
    ]
