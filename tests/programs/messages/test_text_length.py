"""In how many parts is a text message sent, and paid for?"""

import pytest

from programs.messages.text_length import Length, length


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("", Length(0, 1)),
        ("a" * 160, Length(160, 1)),
        ("a" * 161, Length(161, 2)),
        ("a" * 306, Length(306, 2)),
        ("a" * 307, Length(307, 3)),
        ("€" * 80, Length(80, 1)),
        ("€" * 81, Length(81, 2)),
        ("ê" + "a" * 69, Length(70, 1, "ê")),
        ("ê" + "a" * 70, Length(71, 2, "ê")),
        ("😀" * 35, Length(35, 1, "😀")),
        ("😀" * 36, Length(36, 2, "😀")),
        ("Grüße, à bientôt"[:7], Length(7, 1)),
    ],
)
def test_a_rare_letter_makes_all_of_them_cost_more(text, counted):
    assert length(text) == counted
