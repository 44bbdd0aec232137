"""Which tags and filters has a template of a message? Harmless ones: no files, no settings, no HTML unescaped.

The module is the library of the engine in templates.py; docs/messages.md tells of each.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from django.template import Library, defaultfilters, defaulttags

from programs.messages import speech
from programs.messages.speech import Points

register = Library()

register.tag("if", defaulttags.do_if)
register.tag("for", defaulttags.do_for)
register.tag("with", defaulttags.do_with)
register.tag("firstof", defaulttags.firstof)
register.tag("comment", defaulttags.comment)

for _name in (
    "capfirst",
    "default",
    "length",
    "lower",
    "title",
    "truncatechars",
    "truncatewords",
    "upper",
    "urlencode",
    "yesno",
):
    register.filter(_name, getattr(defaultfilters, _name))

#: Filters that make a text or a number of a list; nothing else of one can be written.
OF_LISTS = frozenset({"join", "length", "pluralize", "total"})


@register.filter(is_safe=False)
def join(several: object, glue: str = ", ") -> str:
    """The texts of a list behind each other."""
    return glue.join(str(one) for one in several) if isinstance(several, list) else str(several)


@register.filter(is_safe=False)
def pluralize(value: object, endings: str = "s") -> str:
    """An ending for all numbers but 1; "y,ies" gives both. Points count with their decimals."""
    if isinstance(value, Points):
        value = Decimal(int(value)).scaleb(-value.decimals)
    return defaultfilters.pluralize(value, endings)


@register.filter(is_safe=False)
def points(value: object) -> str:
    """Points with the decimals of their currency and the separators of the language."""
    if isinstance(value, Points):
        return str(value)
    return speech.number(str(value)) if isinstance(value, int) else str(value)


@register.filter(is_safe=False)
def unsigned(value: object) -> object:
    """Points that went without their minus."""
    if isinstance(value, Points):
        return Points(abs(int(value)), value.decimals)
    return abs(value) if isinstance(value, int) else value


@register.filter(is_safe=False)
def money(value: object, currency: str = "") -> str:
    """An amount with the separators of the language, and the code of its currency behind it."""
    text = str(value)
    try:
        is_number = Decimal(text).is_finite()
    except InvalidOperation:
        is_number = False
    return f"{speech.number(text)} {currency}".strip() if is_number else text


@register.filter(is_safe=False)
def day(value: object, form: str = "long") -> str:
    """A day, or the day of an instant, in the words of the language; with "iso" like 2026-12-31."""
    return _day(value, form)


@register.filter(is_safe=False)
def last_day(value: object, form: str = "long") -> str:
    """The last day before an instant at which something ends."""
    return _day(value, form, ends=True)


@register.filter(is_safe=False)
def month(value: object) -> str:
    """A month like 2026-12, or that of a day or an instant, in the words of the language."""
    said = str(value)
    found = speech.date_of(said) or speech.date_of(f"{said}-01")
    return speech.long_month(found) if found else said


def _day(value: object, form: str, *, ends: bool = False) -> str:
    found = speech.date_of(str(value), ends=ends)
    if found is None:
        return str(value)
    return found.isoformat() if form == "iso" else speech.long_day(found)


@register.filter(is_safe=False)
def time(value: object) -> str:
    """The time of an instant on the clocks of the program, like 18:30."""
    found = speech.clock_of(str(value))
    return f"{found:%H:%M}" if found else ""


@register.filter(is_safe=False)
def total(several: object, name: str) -> object:
    """The sum of one number of each of a list, like {{ events|total:"points.points" }}."""
    found = [_at(one, name.split(".")) for one in several] if isinstance(several, list) else []
    numbers = [one for one in found if isinstance(one, int)]
    decimals = max((one.decimals for one in numbers if isinstance(one, Points)), default=0)
    return Points(sum(int(one) for one in numbers), decimals)


def _at(value: object, path: Sequence[str]) -> object:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
