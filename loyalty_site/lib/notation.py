"""In which one notation are phone numbers, e-mail addresses, names, cards and ids compared?

Nobody types them alike twice. Every door (API, admin, imports, searches) brings what it is given, and what it stores,
to the same notation with these functions, so that one person is found however they are written.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice, product

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat

#: How long what people write for a phone number may be, blanks and brackets included.
LONGEST_PHONE = 40

_E164 = PhoneNumberFormat.E164
#: Beside digits: blanks, hyphens of all kinds, brackets, points and slashes.
_PHONE = re.compile(r"(?:tel:)?[(\[\s]*\+?[\d\s().\[\]/\u00b7\u2010-\u2015\u2212-]*", re.IGNORECASE)
#: The national zero that people write behind the country code: +44 (0)20 …
_TRUNK = re.compile(r"\(\s*0\s*\)")
_IN_FULL = "Write the phone number in full with its country code, like +33612345678."
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")

_APOSTROPHES = dict.fromkeys(map(ord, "'\u2019\u2018\u02bc\u02b9\u2032`\u00b4"))
_HYPHENS = dict.fromkeys(map(ord, "-\u2010\u2011\u2012\u2013\u2014"), " ")
#: Letters that are none of the alphabet with an accent; `casefold` knows ß.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t", "ŋ": "n"}
)
#: Accents stand above, below or in the letter; marks of smaller classes are letters of their script.
_ACCENTS = 200
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe"})
_SPELT_OUT_INSIDE = re.compile(r"([aou])e(?=[^\W\d_])")
#: Of shorter names too many begin with what is left: Joel is not looked for as Jöl.
_SHORTEST_WITHOUT_E = 4
#: Each one costs a look into an index.
_MOST_KEYS = 4


class NoPhone(ValueError):
    """A text is no phone number, or one of nobody knows which country; says what to do."""


@lru_cache(4096)
def phone(text: str, country: str = "") -> str:
    """The phone number `text` in E.164, like +33612345678; "" for blanks.

    Blanks, hyphens, points and brackets do not matter, and 00 is as good as +. A number without the code of its
    country is read as one of `country` (ISO 3166, two letters, "" where none is known). Raises NoPhone.
    """
    text = _typed(text)
    if not text:
        return ""
    parsed = _parsed(text, country)
    e164 = phonenumbers.format_number(parsed, _E164)
    if not phonenumbers.is_possible_number(parsed):
        raise NoPhone(f"There is no such phone number. {_IN_FULL}")
    return e164


def _typed(text: str) -> str:
    # Exports for spreadsheets write '+33 …, so that none computes it.
    return unicodedata.normalize("NFKC", text).strip().removeprefix("'").strip()


def _parsed(text: str, country: str) -> PhoneNumber:
    if not _PHONE.fullmatch(text):
        raise NoPhone(f"A phone number has only digits, blanks, + - . / and brackets. {_IN_FULL}")
    text, is_international = _with_plus(text)
    if not (is_international or country):
        detail = "The phone number does not say its country: write it like +33612345678"
        raise NoPhone(f"{detail}, or set the country of the program, in which numbers without one are read.")
    try:
        return phonenumbers.parse(text, None if is_international else country)
    except phonenumbers.NumberParseException as error:
        raise NoPhone(_IN_FULL) from error


def _with_plus(text: str) -> tuple[str, bool]:
    """(the number with + instead of 00 and without a needless zero, whether it names its country)."""
    text = re.sub(r"\Atel:", "", text, flags=re.IGNORECASE)
    digits = re.sub(r"\D", "", text)
    if text.lstrip("([ ").startswith("+"):
        return "+" + re.sub(r"\D", "", _TRUNK.sub("", text)), True
    if digits.startswith("00"):
        return "+" + re.sub(r"\D", "", _TRUNK.sub("", text))[2:], True
    return digits, False


def phone_starts(text: str, countries: Iterable[str] = ()) -> list[str]:
    """The beginnings in E.164 that the start of a phone number may mean; none for what cannot be one.

    Without the code of its country it is tried as a number of each of `countries`.
    """
    text = _typed(text)
    if not _PHONE.fullmatch(text):
        return []
    digits, is_international = _with_plus(text)
    if is_international:
        return _whole_or(text, "", digits)
    return list(dict.fromkeys(start for country in countries for start in _national_starts(text, country, digits)))


def _national_starts(text: str, country: str, digits: str) -> list[str]:
    trunk = phonenumbers.ndd_prefix_for_region(country, True) or ""
    start = f"+{phonenumbers.country_code_for_region(country)}{digits.removeprefix(trunk)}"
    return _whole_or(text, country, start)


def _whole_or(text: str, country: str, start: str) -> list[str]:
    """The number that `text` is when it is whole, then its `start`: some whole ones are the start of others."""
    try:
        return list(dict.fromkeys([phone(text, country), start]))
    except NoPhone:
        return [start]


def is_national_phone(text: str) -> bool:
    """Whether `text` looks like a phone number, or the start of one, without the code of its country."""
    text = _typed(text)
    return bool(_PHONE.fullmatch(text)) and not _with_plus(text)[1]


def is_country(code: str) -> bool:
    """Whether `code` is a country in ISO 3166 (two capital letters) whose phone numbers are known."""
    return code in phonenumbers.SUPPORTED_REGIONS


def email_key(email: str) -> str:
    """What an e-mail address is compared by: without blanks around it, and in no letter case."""
    return unicodedata.normalize("NFKC", email.strip().casefold())


def card(number: str) -> str:
    """The number of a card as it is stored: without blanks, in capital letters."""
    return "".join(number.split()).upper()


def member_number(number: str) -> str:
    """A membership number as it is stored: digits, without the blanks and hyphens between them."""
    return "".join(number.split()).replace("-", "")


def external_id(value: str) -> str:
    """What a sender calls a customer, as it is stored: where it is an e-mail address, in no letter case."""
    value = value.strip()
    return email_key(value) if _EMAIL.fullmatch(value) else value


def name_key(*names: str) -> str:
    """What names are compared by: in no letter case, without accents, apostrophes, hyphens and needless blanks.

    Müller, MULLER and muller are one, and so are Weiß and Weiss, Łukasz and Lukasz, O’Brien and OBrien.
    """
    text = " ".join(names).translate(_APOSTROPHES).translate(_HYPHENS)
    # Letters of typography become others only when they are taken apart, and some of those have a case.
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(letter for letter in text if unicodedata.combining(letter) < _ACCENTS)
    return " ".join(unicodedata.normalize("NFC", plain.translate(_LETTERS)).split())


def name_keys(name: str) -> list[str]:
    """The keys that a name as somebody types it may have, the most likely first: Mueller is Müller, too."""
    words = [_word_keys(word) for word in name.split()]
    found = (" ".join(filter(None, one)) for one in islice(product(*words), _MOST_KEYS))
    return list(dict.fromkeys(filter(None, found)))


def _word_keys(word: str) -> list[str]:
    key = name_key(word)
    spelt_out = name_key(unicodedata.normalize("NFC", word.casefold()).translate(_SPELT_OUT))
    without_e = _SPELT_OUT_INSIDE.sub(r"\1", key)
    # Each once, or the few that are tried of several words would be the same.
    return list(dict.fromkeys([key, spelt_out, without_e if len(without_e) >= _SHORTEST_WITHOUT_E else key]))
