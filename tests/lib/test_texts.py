"""A text that is taken can be stored, shows something, and reads as it is stored."""

import re

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models

from loyalty_site.lib import texts

ZERO_WIDTH_JOINER = "\u200d"


@pytest.mark.parametrize(
    "value", ["", "Ada", " Ada ", "Łódź", "محمد", f"👩{ZERO_WIDTH_JOINER}💻", "می\u200cخواهم", "4711", "a\nb"]
)
def test_what_people_are_called_is_taken(value):
    assert texts.wrong_text(value) == ""


@pytest.mark.parametrize(
    "code", [0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], ids=lambda code: f"U+{code:04X}"
)
def test_nothing_turns_the_rest_of_a_line(code):
    for value in (chr(code), f"Ada{chr(code)}", f"{chr(code)}42"):
        assert texts.wrong_text(value) == texts.TURNED


@pytest.mark.parametrize("value", ["\x01", "\x7f", "\x1b[31m", "Ada\x85", "Łódź\x9f", "a\x0bb"])
def test_controls_that_show_nothing_are_no_text(value):
    assert texts.wrong_text(value) == texts.CONTROL
    assert not re.search(texts.STORABLE_PATTERN, value)
    assert texts.wrong_json({"a": [value]}) == texts.wrong_json({value: 1}) == texts.CONTROL


@pytest.mark.parametrize(
    "value", [" ", "\ufe0f", "\t\n", "\xa0", "\u3000 ", "\u200b", "\ufeff", "\u3164", "\u2800", "\xad"]
)
def test_blanks_alone_are_no_text(value):
    assert texts.wrong_text(value) == texts.BLANK


@pytest.mark.parametrize("value", ["a\0", "\ud800", "ä\udfff", 7, None])
def test_what_no_database_holds_is_no_text(value):
    assert texts.wrong_text(value) == texts.UNSTORABLE


def test_every_column_with_a_text_is_watched():
    kinds = (models.CharField, models.TextField, models.JSONField)
    columns = [column for model in apps.get_models() for column in model._meta.fields if isinstance(column, kinds)]
    assert len(columns) > 80
    assert [str(column) for column in columns if column.validators.count(texts.check_text) != 1] == []


def test_texts_within_json_are_watched_too():
    texts.check_text({"categories": ["tea"], "blank": " "})
    with pytest.raises(ValidationError, match="direction"):
        texts.check_text({"categories": ["tea\u202e"]})
