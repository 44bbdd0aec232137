"""Values travel as texts that say exactly what they are."""

import json

import pytest

from loyalty_site.lib.arrays import array, json_text

VALUES = [None, True, -0.1, 1e300, 2**63, -(2**70), 'é😀\n"\\', {}, {"b": 1, "a": [{}]}, {1: 2, None: 3}, "\ud800"]


@pytest.mark.parametrize("value", VALUES, ids=ascii)
def test_json_says_what_python_says_in_the_same_order(value):
    assert json.dumps(json.loads(json_text([value]))) == json.dumps([value])


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (["a", "b"], '{"a","b"}'),
        (["", "NULL"], '{"","NULL"}'),
        (['","'], '{"\\",\\""}'),
        (['a","b', "c"], '{"a\\",\\"b","c"}'),
        (["a\\", "b"], '{"a\\\\","b"}'),
        (["a", None, 1], '{"a",NULL,1}'),
    ],
)
def test_texts_are_escaped_where_they_would_end_or_begin_a_value(values, text):
    assert array(values) == text
