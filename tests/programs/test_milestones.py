"""Milestones are balances from the lowest to the highest, in the document, the row and the configuration alike."""

import pytest
from django.core.exceptions import ValidationError

from programs import compiling, document
from programs.written import milestone_numbers
from tests.support import factories


def given(milestones):
    return {
        "format": "loyalty-program/1",
        "program": {"code": "club", "name": "Club", "owner": "shop"},
        "currencies": [{"code": "points", "name": "Points", "milestones": milestones}],
    }


@pytest.mark.parametrize(("text", "found"), [("", ()), ("500", (500,)), ("500, 1000,2500", (500, 1000, 2500))])
def test_a_document_says_them_and_the_configuration_has_them(text, found):
    assert document.check(given(text)) == []
    assert compiling.build(document.normal(given(text))).currencies["points"].milestones == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("many", "is no milestone"),
        ("500;1000", "is no milestone"),
        ("0", "is no milestone"),
        ("-5", "is no milestone"),
        ("1.5", "is no milestone"),
        ("500,,1000", "is no milestone"),
        ("500,", "is no milestone"),
        ("\u0665\u0660", "is no milestone"),
        ("1000, 500", "from the lowest to the highest"),
        ("500, 500", "from the lowest to the highest"),
        ("2000000000000000", "lower milestone"),
        (", ".join(str(10**9 + n) for n in range(40)), "200"),
    ],
)
def test_what_is_no_list_of_milestones_is_refused_at_its_place(text, words):
    [problem] = document.check(given(text))
    assert problem.path == "currencies[0].milestones"
    assert words in str(problem)


def test_a_list_of_numbers_is_no_text():
    [problem] = document.check(given([500]))
    assert "must be a text" in str(problem)


def test_the_row_refuses_the_same():
    with pytest.raises(ValidationError):
        milestone_numbers("1000, 500")
    milestone_numbers("500, 1000")


def test_a_snapshot_of_before_there_were_any_has_none():
    old = document.normal(given(""))
    del old["currencies"][0]["milestones"]
    assert compiling.build(old).currencies["points"].milestones == ()


@pytest.mark.django_db
def test_an_import_changes_them_and_tells_the_difference():
    made = factories.program()
    text = document.export(made)
    assert document.apply(text) == []
    currency = next(one for one in text["currencies"] if one["code"] == "points")
    currency["milestones"] = "500, 1000"
    [change] = document.preview(text)
    assert str(change) == "changed currency points: milestones  → 500, 1000"
    document.apply(text)
    assert made.currencies.get(code="points").milestones == "500, 1000"
    assert document.export(made) == text
