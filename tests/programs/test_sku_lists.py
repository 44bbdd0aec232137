"""Lists of SKUs: what is put into them, and what a document says of them."""

import pytest

from programs import document, sku_lists
from programs.models import SkuList, SkuListEntry
from tests.support.examples import program, rule

LIST = {"code": "summer", "name": "Summer"}
ASKS = rule("summer", conditions={"sku_list": "summer"})


@pytest.fixture
def summer(db):
    document.apply(program(ASKS) | {"sku_lists": [LIST]}, create_partners=True)
    return SkuList.objects.get()


def test_each_line_is_one_sku_and_stands_once():
    assert sku_lists.read("\ufeffA\n\n  B \r\nA\nC") == (["A", "B", "C"], [])


def test_what_is_no_sku_is_named_by_its_line():
    found = sku_lists.read(f"A\n{'x' * 65}\n\nB\x07\n")
    assert [line.split(":")[0] for line in found.wrong] == ["Line 2", "Line 4"]


def test_of_many_wrong_lines_the_first_are_named():
    wrong = sku_lists.read("\n".join(["x" * 65] * 100)).wrong
    assert (len(wrong), wrong[-1]) == (21, "And 80 lines more.")


def test_a_hundred_thousand_skus_get_into_a_list(summer, django_assert_max_num_queries):
    many = sku_lists.read("\n".join(f"SKU-{number:06}" for number in range(100_000)))
    assert (len(many.skus), many.wrong) == (100_000, [])
    with django_assert_max_num_queries(2_000):
        assert sku_lists.put(summer, many.skus) == 100_000


def test_what_is_there_already_changes_nothing_and_replacing_takes_away(summer):
    assert sku_lists.put(summer, ["A", "B"]) == 2
    assert sku_lists.put(summer, ["B", "C"]) == 3
    assert sku_lists.put(summer, ["D"], replaces=True) == 1
    assert [entry.sku for entry in SkuListEntry.objects.all()] == ["D"]


def test_a_document_tells_how_many_there_are_and_leaves_them_alone(summer):
    sku_lists.put(summer, ["A", "B"])
    written = document.export(summer.program)
    assert written["sku_lists"] == [LIST | {"entries": 2}]
    version = summer.program.version
    assert document.apply(written) == []
    summer.program.refresh_from_db()
    assert (summer.program.version, summer.entries.count()) == (version, 2)
    assert document.short_lists(written) == []
    written["sku_lists"][0]["entries"] = 3
    assert [str(one) for one in document.short_lists(written)] == [
        "sku_lists[0].entries: “summer” has 2 SKUs here; put them into it in the admin"
    ]


def test_a_list_with_skus_is_not_left_out(summer):
    sku_lists.put(summer, ["A"])
    with pytest.raises(document.Invalid, match="“summer” cannot be left out: SKUs of lists refer to it"):
        document.apply(program(rule()))
    sku_lists.put(summer, [], replaces=True)
    document.apply(program(rule()))
    assert not SkuList.objects.exists()


WRONG = [
    ([], "rules[0].conditions.sku_list: none called summer is a list of SKUs of the program"),
    ([LIST, LIST], "sku_lists[1].code: “summer” stands already at sku_lists[0]"),
    ([LIST | {"entries": ["A"]}], "sku_lists[0].entries: must be how many SKUs it has, or be left out"),
    ([LIST | {"skus": ["A"]}], "sku_lists[0].skus: unknown field"),
    ([{"code": "summer"}], "sku_lists[0].name: is missing"),
]


@pytest.mark.parametrize(("lists", "expected"), WRONG)
def test_what_cannot_be_meant_is_refused_at_its_path(lists, expected):
    [problem] = document.check(program(ASKS) | {"sku_lists": lists})
    assert str(problem).startswith(expected)


@pytest.mark.parametrize("value", [["summer"], "", 7, "x" * 65])
def test_a_rule_names_one_list(value):
    found = document.check(program(rule(conditions={"sku_list": value})) | {"sku_lists": [LIST]})
    assert [str(problem) for problem in found] == ["rules[0].conditions.sku_list: must be the code of a list of SKUs"]
