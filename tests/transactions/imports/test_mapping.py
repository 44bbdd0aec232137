"""A mapping that cannot work is refused with the path of what is wrong."""

import json

import pytest

from tests.support.importing import PLAIN
from transactions import imports

FIXED = {"format": "fixed", "fields": {"customer": {"from": 1, "to": 4}, "date": {"from": 5, "to": 9}}}

WRONG = [
    ([], "", "must be an object"),
    ({}, "fields", "must say where"),
    ({"fields": {}}, "fields", "must say where"),
    (PLAIN | {"colums": 1}, "colums", "unknown"),
    (PLAIN | {"format": "xml"}, "format", "csv or fixed"),
    (PLAIN | {"enrol": "yes"}, "enrol", "must be like false"),
    (PLAIN | {"delimiter": ";;"}, "delimiter", "one ASCII character"),
    (PLAIN | {"delimiter": "\n"}, "delimiter", "one ASCII character"),
    (PLAIN | {"quote": ","}, "quote", "must differ"),
    (PLAIN | {"decimal": "'"}, "decimal", "must be . or ,"),
    (PLAIN | {"thousands": "."}, "thousands", "not the decimal sign"),
    (PLAIN | {"encoding": "utf-16"}, "encoding", "convert other files first"),
    (PLAIN | {"encoding": "klingon"}, "encoding", "convert other files first"),
    (PLAIN | {"encoding": "rot13"}, "encoding", "convert other files first"),
    (PLAIN | {"time_zone": "Mars/Base"}, "time_zone", "IANA"),
    (PLAIN | {"skip_lines": -1}, "skip_lines", "from 0"),
    (PLAIN | {"skip_lines": True}, "skip_lines", "must be like 0"),
    (PLAIN | {"constants": []}, "constants", "object of texts"),
    (PLAIN | {"constants": {"colour": "red"}}, "constants.colour", "unknown"),
    (PLAIN | {"constants": {"store": 7}}, "constants.store", "must be a text"),
    ({"fields": PLAIN["fields"] | {"colour": "c"}}, "fields.colour", "unknown"),
    ({"fields": PLAIN["fields"] | {"store": ""}}, "fields.store.column", "column's name"),
    ({"fields": PLAIN["fields"] | {"store": 3}}, "fields.store.column", "column's name"),
    ({"fields": PLAIN["fields"] | {"store": None}}, "fields.store", "must be like"),
    ({"fields": PLAIN["fields"] | {"store": {"from": 1, "to": 2}}}, "fields.store", "must be like"),
    ({"fields": PLAIN["fields"] | {"store": {"column": "s", "format": "iso"}}}, "fields.store.format", "only for"),
    ({"fields": PLAIN["fields"] | {"date": {"column": "d", "format": "%d.%m"}}}, "fields.date.format", "in full"),
    ({"fields": PLAIN["fields"] | {"date": {"column": "d", "format": "dd.mm"}}}, "fields.date.format", "in full"),
    ({"fields": PLAIN["fields"] | {"date": {"column": "d", "format": 7}}}, "fields.date.format", "in full"),
    ({"fields": PLAIN["fields"] | {"time": {"column": "d", "format": "%H"}}}, "fields.time.format", "in full"),
    ({"header": False, "fields": PLAIN["fields"]}, "fields.customer.column", "column's number"),
    ({"fields": {"date": "d", "amount": "a"}}, "fields", "must name the member"),
    ({"fields": {"customer": "c", "amount": "a"}}, "fields.date", "is missing"),
    ({"fields": {"customer": "c", "date": "d"}}, "fields.amount", "is missing"),
    ({"enrol": True, "fields": {"number": "c", "date": "d", "amount": "a"}}, "fields.customer", "is missing"),
    (PLAIN | {"country": "fr"}, "country", "like FR"),
    (PLAIN | {"country": "ZZ"}, "country", "like FR"),
    (PLAIN | {"fields": PLAIN["fields"] | {"store": "s"}, "constants": {"store": "x"}}, "constants.store", "already"),
    (FIXED, "fields.amount", "is missing"),
    (FIXED | {"fields": FIXED["fields"] | {"amount": "x"}}, "fields.amount", "must be like"),
    (FIXED | {"fields": FIXED["fields"] | {"amount": {"from": 9, "to": 4}}}, "fields.amount", "from 1"),
    (FIXED | {"fields": FIXED["fields"] | {"amount": {"from": 0, "to": 4}}}, "fields.amount", "from 1"),
]


@pytest.mark.parametrize(("mapping", "path", "words"), WRONG)
def test_a_wrong_mapping_is_refused_at_its_path(mapping, path, words):
    with pytest.raises(imports.BadMapping) as caught:
        imports.read(json.dumps(mapping).encode())
    problems = {problem.path: problem.message for problem in caught.value.problems}
    assert words in problems[path]


@pytest.mark.parametrize("raw", [b"", b"{", b'{"fields": 1, "fields": 2}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_refused(raw):
    with pytest.raises(imports.BadMapping):
        imports.read(raw)


def test_all_problems_are_told_at_once():
    with pytest.raises(imports.BadMapping) as caught:
        imports.read(json.dumps({"format": "xml", "fields": {"colour": 1}}).encode())
    assert len(caught.value.problems) >= 4


def test_a_right_mapping_is_read():
    mapping = imports.read(json.dumps(PLAIN | {"encoding": "Windows-1252"}).encode())
    assert (mapping.encoding, mapping.enrol, mapping.targets) == ("cp1252", True, {"customer", "date", "amount"})
