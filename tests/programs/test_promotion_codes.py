"""A promotion gets its own codes from a list, line by line, or has them made; all of them or none."""

import itertools
import tracemalloc

import pytest

from programs import promotion_codes
from programs.models import Promotion, PromotionCode
from programs.promotion_codes import ALPHABET, NoCodes, check_character
from tests.support import factories


@pytest.fixture
def spring(db):
    return Promotion.objects.create(program=factories.program("club"), code="spring", name="Spring", uses_per_code=1)


def codes(promotion):
    return list(PromotionCode.objects.filter(promotion=promotion).order_by("pk").values_list("code", flat=True))


def refused(promotion, lines):
    with pytest.raises(NoCodes) as caught:
        promotion_codes.take(promotion, lines)
    return caught.value.refusal.detail


def test_codes_are_kept_in_capital_letters_and_blank_lines_say_nothing(spring):
    taken = promotion_codes.take(spring, ["\ufeffmay-1\n", "\n", "  May-2 \r\n", "\t"])
    assert taken.added == 2
    assert codes(spring) == ["MAY-1", "MAY-2"]


def test_those_that_stand_there_twice_or_are_known_are_counted_with_their_lines(spring):
    promotion_codes.take(spring, ["OLD"])
    taken = promotion_codes.take(spring, ["A", "old", "a", "B", "OLD", "A"])
    assert list(taken.sentences()) == [
        "New codes: 2.",
        "In the list more than once, and taken once: line 3 (A), line 6 (A).",
        "Codes of the promotion already: line 2 (OLD), line 5 (OLD).",
    ]
    assert codes(spring) == ["OLD", "A", "B"]


def test_what_stood_in_an_earlier_part_of_a_long_list_is_told_from_what_was_known(spring, monkeypatch):
    promotion_codes.take(spring, ["OLD"])
    monkeypatch.setattr(promotion_codes, "_AT_ONCE", 2)
    taken = promotion_codes.take(spring, ["A", "B", "C", "A", "OLD", "B"])
    assert (taken.added, taken.twice.named, taken.known.named) == (3, ["line 4 (A)", "line 6 (B)"], ["line 5 (OLD)"])


def test_only_the_first_of_very_many_lines_are_named(spring):
    taken = promotion_codes.take(spring, ["A"] * 31)
    assert (taken.twice.count, len(taken.twice.named)) == (30, 20)
    assert str(taken.twice).endswith("line 21 (A) and 10 more")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("x" * 65, "Line 3: “XXXXXXXXXXXXXXXXXXXX…” is longer than the 64 characters of a code."),
        ("A\x07B", "Line 3: Leave out control characters"),
        ("A\0B", "Line 3: Send Unicode text without NUL characters."),
    ],
)
def test_lines_that_are_no_codes_are_named_and_nothing_is_taken(spring, line, words):
    said = refused(spring, ["A", "", line, "B"])
    assert words in said
    assert said.startswith("Nothing was taken, because of what is wrong in the list: Line 3: ")
    assert codes(spring) == []


def test_a_list_without_a_code_is_refused(spring):
    assert refused(spring, ["", " \n"]) == "There is no code in it: write one in each line."


def test_a_list_that_is_too_long_is_refused_where_it_becomes_so(spring, monkeypatch):
    monkeypatch.setattr(promotion_codes, "MOST", 3)
    endless = (f"C{number}" for number in itertools.count())
    assert "Line 4: at most 3 codes are taken at once." in refused(spring, endless)
    assert codes(spring) == []


def test_another_promotion_may_have_the_same_code(spring):
    other = Promotion.objects.create(program=spring.program, code="fall", name="Fall")
    promotion_codes.take(other, ["A"])
    assert promotion_codes.take(spring, ["A"]).added == 1


def test_made_codes_are_new_long_enough_and_without_what_is_taken_for_something_else(spring):
    assert promotion_codes.generate(spring, 500, prefix="may-").added == 500
    found = codes(spring)
    assert len(set(found)) == 500
    # 31 to the power of 8 is more than 500 codes, of each of which a thousand million are made up.
    assert {len(code) for code in found} == {len("MAY-") + 8 + 1}
    assert all(set(code.removeprefix("MAY-")) <= set(ALPHABET) for code in found)
    assert set(ALPHABET).isdisjoint("O0I1L")


def test_a_slip_in_a_made_code_is_seen_by_its_last_character(spring):
    promotion_codes.generate(spring, 1)
    [code] = codes(spring)
    body, last = code[:-1], code[-1]
    assert check_character(body) == last
    for place, other in itertools.product(range(len(body)), ALPHABET):
        slip = body[:place] + other + body[place + 1 :]
        assert (check_character(slip) == last) == (slip == body)
    for place in range(len(body) - 1):
        turned = body[:place] + body[place + 1] + body[place] + body[place + 2 :]
        assert (check_character(turned) == last) == (turned == body)


def test_every_character_is_as_probable_as_any_other():
    together = "".join(promotion_codes._random(10_000, 12))
    often = [together.count(char) for char in ALPHABET]
    expected = len(together) / len(ALPHABET)
    # Chi square with 30 degrees of freedom: above 90 once in ten million times.
    assert sum((count - expected) ** 2 / expected for count in often) < 90


def test_codes_are_made_until_there_are_as_many_as_were_asked_for(spring, monkeypatch):
    promotion_codes.take(spring, [f"2{check_character('2')}"])
    rounds = [{"2", "3"}, {"4"}]
    monkeypatch.setattr(promotion_codes, "_random", lambda count, length: rounds.pop(0))
    assert promotion_codes.generate(spring, 2).added == 2
    assert len(codes(spring)) == 3


@pytest.mark.parametrize(
    ("number", "prefix", "words"),
    [
        (0, "", "Make 1 to 1,000,000 codes at once."),
        (1_000_001, "", "Make 1 to 1,000,000 codes at once."),
        (1, "x" * 21, "at most 20 letters, digits and hyphens"),
        (1, "a b", "at most 20 letters, digits and hyphens"),
        (1, "ü", "at most 20 letters, digits and hyphens"),
    ],
)
def test_what_cannot_be_made_is_said(spring, number, prefix, words):
    with pytest.raises(NoCodes, match=words):
        promotion_codes.generate(spring, number, prefix=prefix)
    assert codes(spring) == []


def test_those_that_nobody_has_used_are_written_as_csv(spring):
    promotion_codes.take(spring, ["A", "B", "=1+1", 'C,"'])
    PromotionCode.objects.filter(code="B").update(used=1)
    assert "".join(promotion_codes.as_csv(spring)) == 'code\r\n\'=1+1\r\nA\r\n"C,"""\r\n'
    assert "".join(promotion_codes.as_csv(spring, used=True)).splitlines()[:4] == [
        "code,used",
        "'=1+1,0",
        "A,0",
        "B,1",
    ]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_list(spring):
    def peak(count, begin):
        tracemalloc.start()
        promotion_codes.take(spring, (f"{begin}{number:07}" for number in range(count)))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(60_000, "B") < 1.5 * peak(20_000, "A")
