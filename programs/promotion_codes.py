"""How does a promotion get its own codes, which can be used, and where do those go that nobody has used?

A list may have a million: it is read, made and written in parts, so that memory stays the same whatever its length.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from itertools import islice

from django.db import transaction
from django.db.models import Max

from loyalty_site.lib.csv_lines import harmless
from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.sql import Session
from loyalty_site.lib.texts import wrong_text
from programs.models import Promotion, PromotionCode
from programs.running import Span, State

#: Without those that are taken for each other: 0 and O, 1 and I and L. Their number is a prime: `check_character`.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
#: How many codes come at once, and how many are written by one statement.
MOST, _AT_ONCE = 1_000_000, 10_000
#: Of so many codes that somebody makes up, one is a code of the list.
_GUESSES = 10**9
#: How many lines are named before the others are only counted.
_NAMED = 20
LONGEST = PromotionCode._meta.get_field("code").max_length or 0
LONGEST_PREFIX = 20

#: Which character each byte stands for, as many bytes for each; those above are thrown away, or the first characters
#: would come more often.
_EVEN = 256 - 256 % len(ALPHABET)
_BYTES = bytes(ord(ALPHABET[number % len(ALPHABET)]) for number in range(256))
_LEFT_OUT = bytes(range(_EVEN, 256))


class NoCodes(Refused):
    """The codes cannot be taken, or made; nothing was written."""

    code = "wrong_codes"


def written(code: str) -> str:
    """A code as lists keep it: people type them in small letters, too, and with blanks around."""
    return code.strip().upper()


@transaction.atomic
def add(promotion: Promotion, codes: Sequence[str]) -> set[str]:
    """Add these codes, which are `written` and differ from each other; returns those that are new."""
    # One after the other: of two who add the same code, one is told that it is new. Postings do not wait for it.
    _locked(promotion)
    known = set(PromotionCode.objects.filter(promotion=promotion, code__in=codes).values_list("code", flat=True))
    new = [code for code in codes if code not in known]
    PromotionCode.objects.bulk_create([PromotionCode(promotion=promotion, code=code) for code in new])
    return set(new)


def can_be_used(promotion: Promotion, code: str, *, now: datetime, zone: tzinfo) -> bool:
    """Whether a purchase of this moment could use a code of the list once more, as it was typed."""
    span = Span(promotion.starts_on, promotion.ends_on, promotion.stopped_from)
    if span.state(now, zone) != State.RUNNING or len(written(code)) > LONGEST:
        return False
    return PromotionCode.objects.filter(
        promotion=promotion, code=written(code), used__lt=promotion.uses_per_code
    ).exists()


@dataclass
class Lines:
    """Some lines of a list: the first are named, and all are counted."""

    count: int = 0
    named: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Note one more."""
        self.count += 1
        if len(self.named) < _NAMED:
            self.named.append(text)

    def __str__(self) -> str:
        more = self.count - len(self.named)
        return ", ".join(self.named) + (f" and {more:,} more" if more else "")


@dataclass
class Taken:
    """What became of a list: how many codes are new, and which lines say again what it, or the promotion, had."""

    added: int = 0
    twice: Lines = field(default_factory=Lines)
    known: Lines = field(default_factory=Lines)

    def sentences(self) -> Iterator[str]:
        """The same for people."""
        yield f"New codes: {self.added:,}."
        if self.twice.count:
            yield f"In the list more than once, and taken once: {self.twice}."
        if self.known.count:
            yield f"Codes of the promotion already: {self.known}."


@transaction.atomic
def take(promotion: Promotion, lines: Iterable[str]) -> Taken:
    """Add one code for each line; blanks around it and empty lines say nothing.

    Raises NoCodes, which names the lines that are wrong, and takes none then.
    """
    newest = _locked(promotion)
    taken, wrong = Taken(), Lines()
    codes = _numbered(lines, wrong)
    while some := list(islice(codes, _AT_ONCE)):
        _take(promotion, some, newest, taken)
    if wrong.count:
        raise NoCodes(f"Nothing was taken, because of what is wrong in the list: {wrong}", field="lines")
    if not (taken.added or taken.twice.count or taken.known.count):
        raise NoCodes("There is no code in it: write one in each line.", field="lines")
    return taken


def _locked(promotion: Promotion) -> int:
    """The key of the newest code of a promotion, to whose list nobody else adds meanwhile; 0 where it has none."""
    Promotion.objects.select_for_update(no_key=True, of=["self"]).get(pk=promotion.pk)
    return PromotionCode.objects.filter(promotion=promotion).aggregate(newest=Max("pk"))["newest"] or 0


def _numbered(lines: Iterable[str], wrong: Lines) -> Iterator[tuple[int, str]]:
    """(number of the line, code) of those that can be one."""
    count = 0
    for number, line in enumerate(lines, start=1):
        code = written(line.removeprefix("\ufeff") if number == 1 else line)
        if not code:
            continue
        count += 1
        if count > MOST:
            wrong.add(f"Line {number:,}: at most {MOST:,} codes are taken at once.")
            return
        if why := _why_not(code):
            wrong.add(f"Line {number:,}: {why}")
        else:
            yield number, code


def _why_not(code: str) -> str:
    if len(code) > LONGEST:
        return f"“{code[:20]}…” is longer than the {LONGEST} characters of a code."
    return wrong_text(code)


def _take(promotion: Promotion, some: Iterable[tuple[int, str]], newest: int, taken: Taken) -> None:
    """Add those of `some` numbered codes that are new; what is younger than `newest` stood further up."""
    first: dict[str, int] = {}
    again: list[tuple[int, str]] = []
    for number, code in some:
        if first.setdefault(code, number) != number:
            again.append((number, code))
    session = Session()
    rows = session.run(
        "SELECT code, id FROM programs_promotioncode WHERE promotion_id = %s AND code {ids}",
        [promotion.pk, list(first)],
    )
    stored: dict[str, int] = dict(rows.fetchall())
    new = [(promotion.pk, code, 0) for code in first if code not in stored]
    session.insert(PromotionCode, "promotion_id code used", new)
    taken.added += len(new)
    told = [(number, code) for code, number in first.items() if code in stored]
    for number, code in sorted([*told, *again]):
        is_known = stored.get(code, newest + 1) <= newest
        (taken.known if is_known else taken.twice).add(f"line {number:,} ({code})")


@transaction.atomic
def generate(promotion: Promotion, number: int, *, prefix: str = "") -> Taken:
    """Make so many codes that nobody can guess: the prefix, random characters, and one by which a slip is noticed.

    Raises NoCodes.
    """
    prefix = written(prefix)
    if not 1 <= number <= MOST:
        raise NoCodes(f"Make 1 to {MOST:,} codes at once.", field="number")
    if len(prefix) > LONGEST_PREFIX or not all(char.isascii() and (char.isalnum() or char == "-") for char in prefix):
        raise NoCodes(f"A prefix has at most {LONGEST_PREFIX} letters, digits and hyphens.", field="prefix")
    _locked(promotion)
    session, taken = Session(), Taken()
    length = _length(number + PromotionCode.objects.filter(promotion=promotion).count())
    while taken.added < number:
        bodies = _random(min(_AT_ONCE, number - taken.added), length)
        rows = [(promotion.pk, f"{prefix}{body}{check_character(body)}", 0) for body in bodies]
        taken.added += session.insert_new(PromotionCode, "promotion_id code used", rows)
    return taken


def _length(count: int) -> int:
    """How many random characters so many codes need, so that guessing them is hopeless."""
    length = 1
    while len(ALPHABET) ** length < count * _GUESSES:
        length += 1
    return length


def _random(count: int, length: int) -> set[str]:
    """So many texts of so many characters, each as probable as any other."""
    found: set[str] = set()
    while len(found) < count:
        text = os.urandom(2 * count * length).translate(_BYTES, _LEFT_OUT).decode()
        whole = min(count - len(found), len(text) // length) * length
        found.update(text[at : at + length] for at in range(0, whole, length))
    return found


def check_character(body: str) -> str:
    """The last character of a code that was made here: one slip, or two neighbours exchanged, make it another one.

    It sums up the characters by their places, modulo a prime; `body` is what stands between it and the prefix.
    """
    return ALPHABET[sum(place * ALPHABET.index(char) for place, char in enumerate(body, start=1)) % len(ALPHABET)]


def as_csv(promotion: Promotion, *, used: bool = False) -> Iterator[str]:
    """CSV with a heading, many lines at a time: the codes that nobody has used, or all with how often each was."""
    # In the order of their index, or the database would sort them all before the first is written.
    rows = PromotionCode.objects.filter(promotion=promotion).order_by("code")
    yield "code,used\r\n" if used else "code\r\n"
    found = (rows if used else rows.filter(used=0)).values_list("code", "used").iterator(_AT_ONCE)
    while some := list(islice(found, _AT_ONCE)):
        yield "".join(f"{_cell(code)},{count}\r\n" if used else f"{_cell(code)}\r\n" for code, count in some)


def _cell(code: str) -> str:
    """A code as a cell; one that comes from elsewhere is no formula for whoever opens the file as a spreadsheet."""
    text = harmless(code)
    return '"' + text.replace('"', '""') + '"' if any(char in text for char in ',"') else text
