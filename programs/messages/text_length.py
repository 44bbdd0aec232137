"""How long is a text message, as networks count it? What it costs follows from its parts."""

from dataclasses import dataclass

#: Letters of the alphabet that all phones have (3GPP TS 23.038); of the second text each counts as two.
_PLAIN = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_DOUBLE = frozenset("^{}\\[~]|€")


@dataclass(frozen=True, slots=True)
class Length:
    """Characters, and the parts in which they are sent; `rare` is a letter that makes all of them cost more."""

    characters: int
    parts: int
    rare: str = ""


def length(text: str) -> Length:
    """A text that is sent as one message has 160 letters, or 70 where one of them is no letter of all phones."""
    rare = next((letter for letter in text if letter not in _PLAIN and letter not in _DOUBLE), "")
    # Two halves of a letter that is none of the first 65,536, as networks send it.
    units = len(text.encode("utf-16-le")) // 2 if rare else len(text) + sum(letter in _DOUBLE for letter in text)
    whole, each = (70, 67) if rare else (160, 153)
    return Length(len(text), 1 if units <= whole else -(-units // each), rare)
