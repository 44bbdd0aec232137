"""JSON from strangers is read exactly or not at all."""

import pytest

from loyalty_site.lib.strict_json import DEEPEST, Malformed, Number, loads


def test_numbers_stay_what_was_written():
    value = loads(b'{"a": 0.10, "b": 7, "c": 1e309, "d": %s}' % (b"9" * 5000))
    assert (value["a"], value["c"]) == ("0.10", "1e309")
    assert isinstance(value["a"], Number)
    assert value["b"] == 7
    assert value["d"] == "9" * 5000


@pytest.mark.parametrize("levels", [1, DEEPEST])
def test_as_deep_as_is_possible(levels):
    assert loads(b"[" * levels + b"1" + b"]" * levels)
    assert loads(b'{"a":' * levels + b"1" + b"}" * levels)


@pytest.mark.parametrize(("open_", "close"), [(b"[", b"]"), (b'{"a":', b"}")])
@pytest.mark.parametrize("levels", [DEEPEST + 1, 900, 100_000])
def test_deeper_is_refused(open_, close, levels):
    with pytest.raises(Malformed):
        loads(open_ * levels + b"1" + close * levels)


def test_wide_is_not_deep():
    assert len(loads(b"[" + b",".join([b"[]"] * 5000) + b"]")) == 5000


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"NaN", b"Infinity", b"{'a': 1}", b'{"a":1,"a":1}', b"\xff", b"1 2", b"\xef\xbb\xbf1"]
)
def test_what_is_not_json(raw):
    with pytest.raises(Malformed) as caught:
        loads(raw)
    assert caught.value.refusal.detail
