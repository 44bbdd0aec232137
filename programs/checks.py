"""What makes a configuration wrong? Every rule that spans several fields.

Pure. A model's `clean` and the check of a document both ask here, so that the admin and an import
refuse the same things in the same words. Rules of one field alone live on the model's field.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError

from loyalty_site.lib.json_types import ExactJson
from programs import capping, rules
from programs.rules.base import Surroundings
from programs.rules.conditions import reading, registry
from programs.rules.conditions.base import LineCondition, TotalCondition
from programs.rules.conditions.lines import WITHOUT_LINES
from programs.rules.occasion import Occasion

#: Limits of any value that people configure; far above what a program needs.
DEEPEST, MOST_VALUES, LONGEST_TEXT, LARGEST_NUMBER = 12, 200_000, 10_000, 10**18
LONGEST_YEARS = 100

TIER_CURRENCY = "tiers are measured in a qualifying currency"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong (`message`, the end of a sentence) with the value at `path` ("" is the whole)."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path or 'document'}: {self.message}"

    def under(self, path: str) -> "Problem":
        """The same problem seen from further outside."""
        inner = self.path if self.path.startswith("[") or not self.path else f".{self.path}"
        return Problem(f"{path}{inner}" if path else self.path, self.message)


def refuse(problems: Iterable[Problem]) -> None:
    """Raise the ValidationError that a form shows, each problem beside its field; nothing if there is none."""
    errors = defaultdict[str, list[str]](list)
    for problem in problems:
        name, _, rest = problem.path.partition(".")
        sentence = f"{rest}: {problem.message}." if rest else sentence_of(problem.message)
        errors[name].append(sentence)
    if errors:
        raise ValidationError(dict(errors))


def sentence_of(message: str) -> str:
    """The message of a problem as a sentence of its own."""
    return f"{message[:1].upper()}{message[1:]}."


def clause_of(sentence: str) -> str:
    """The words of a form's error as the end of a sentence: "Must be positive." -> "must be positive"."""
    keeps = sentence[1:2].isupper()
    return (sentence if keeps else sentence[:1].lower() + sentence[1:]).rstrip(".")


def absurd(value: ExactJson, path: str = "") -> Iterator[Problem]:
    """Problems of a JSON value whatever it means: too deep, too long, too large, not storable."""
    count, left = 0, [(value, path, 0)]
    while left:
        value, path, depth = left.pop()
        count += 1
        if depth > DEEPEST or count > MOST_VALUES:
            yield Problem("", f"is nested deeper than {DEEPEST} levels or has more than {MOST_VALUES} values")
            return
        if isinstance(value, dict):
            for key, inner in value.items():
                name = clipped(key)
                yield from (
                    absurd_text(key, path, "a name in it ")
                    if isinstance(key, str)
                    else [Problem(path, "all names must be texts")]
                )
                left.append((inner, f"{path}.{name}" if path else name, depth + 1))
        elif isinstance(value, list):
            left += [(inner, f"{path}[{place}]", depth + 1) for place, inner in enumerate(value)]
        else:
            yield from _absurd_scalar(value, path)


def _absurd_scalar(value: ExactJson, path: str) -> Iterator[Problem]:
    if isinstance(value, str):
        yield from absurd_text(value, path)
    elif isinstance(value, (int, float, Decimal)):
        if not _is_meant(value):
            yield Problem(path, "is no number that can be meant here")
    elif value is not None:
        yield Problem(path, "is not a JSON value")


def _is_meant(number: int | float | Decimal) -> bool:
    """Whether a number is finite, and has neither endless digits nor endless zeros."""
    if isinstance(number, Decimal):
        exponent = number.as_tuple().exponent  # a letter for what is not finite
        return isinstance(exponent, int) and -30 <= exponent <= 18 and abs(number) <= LARGEST_NUMBER
    return abs(number) <= LARGEST_NUMBER  # false for NaN too


def absurd_text(text: str, path: str, what: str = "") -> Iterator[Problem]:
    """Problems of a text whatever it means; `what` begins the messages."""
    if len(text) > LONGEST_TEXT:
        yield Problem(path, f"{what}is longer than {LONGEST_TEXT} characters")
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        yield Problem(path, f"{what}holds a character that cannot be stored (NUL or half a surrogate pair)")


def clipped(value: ExactJson) -> str:
    """Anything as short text for a message."""
    text = str(value) if isinstance(value, (str, bool, type(None))) else type(value).__name__
    text = text.encode("utf-8", "replace").decode().replace("\0", "?")
    return text if len(text) <= 60 else f"{text[:59]}…"


def primary(*, kind: str, is_primary: bool) -> Iterator[Problem]:
    """Of a currency: points that only measure are never meant where none are named."""
    if is_primary and kind != "spendable":
        yield Problem("is_primary", "only a spendable currency can be the primary one")


def dates(*, starts_on: date | str | None, ends_on: date | str | None) -> Iterator[Problem]:
    """Of the first and the last day of a rule, as dates or ISO text."""
    if starts_on and ends_on and str(ends_on) < str(starts_on):
        yield Problem("ends_on", "the last day must not lie before the first")


def expiry(*, model: str, period: int, unit: str, cut_offs: str) -> Iterator[Problem]:
    """Of an expiry rule: `period` counts in `unit`s, "day", "month" or "year"."""
    if model == "never":
        return
    if model == "calendar" and not cut_offs:
        yield Problem("cut_offs", "the calendar needs at least one last day of the year as MM-DD, for example 12-31")
    if period < 1:
        yield Problem("period", "a fixed expiry needs a period of at least 1")
    per_year = {"day": 366, "month": 12, "year": 1}.get(unit, 1)
    if period > LONGEST_YEARS * per_year:
        yield Problem("period", f"must not be longer than {LONGEST_YEARS} years")


def cap(
    *, scope: str, period: str, measure: str, limit: int, cost: Decimal, decimals: int, major: int
) -> Iterator[Problem]:
    """`cost` is the currency's cost per point, `major` how many minor units make one unit of money."""
    if period == "trailing" and scope != "member":
        yield Problem("period", "only a cap for each member can look back over trailing days")
    if scope == "transaction" and measure == "uses":
        yield Problem("measure", "a transaction is one use; limit its points or its money")
    if measure != "money":
        return
    if not cost:
        yield Problem("measure", "the currency's cost_per_point is 0, so its points cost no money")
    elif capping.scaled(measure=measure, limit=limit, cost=cost, decimals=decimals, major=major)[0] > capping.LARGEST:
        yield Problem("limit", "is more money than can be counted exactly; take a smaller one")


def about(*, rule: bool, promotion: bool) -> Iterator[Problem]:
    """Of a cap that names a rule or a promotion."""
    if rule and promotion:
        yield Problem(
            "promotion", "a cap is of a rule, or of a promotion with all its rules; leave one of them empty"
        )


def choice(said: str, others: Iterable[tuple[str, str]]) -> Iterator[Problem]:
    """Of a rule that says what counts of its group; `others` are (code, choice) of rules of the group that say it."""
    for code, other in others:
        if other != said:
            yield Problem("choice", f"the rule “{code}” of the same group says {other}; a group has one choice")
            return


def choice_of_kind(*, kind: ExactJson, choice: str) -> Iterator[Problem]:
    """Of the same: which rule for an occasion counts the night finds out before any rule is asked."""
    if choice and kind == Occasion.slug:
        yield Problem("choice", "of rules for occasions of a group the one that gives most counts; leave it empty")


def rule(*, kind: ExactJson, params: ExactJson, conditions: ExactJson) -> Iterator[Problem]:
    """Problems of a rule by itself, whatever program it is in."""
    oddities = [*absurd(params, "params"), *absurd(conditions, "conditions")]
    if oddities:
        yield from oddities
        return
    wrong = list(parameters(kind, params))
    yield from wrong
    yield from _conditions(conditions)
    if not wrong and isinstance(kind, str) and isinstance(params, dict):
        yield from _without_lines(kind, params, conditions)


def references(
    *,
    kind: str,
    params: Mapping[str, ExactJson],
    conditions: Mapping[str, ExactJson],
    surroundings: Surroundings,
) -> Iterator[Problem]:
    """Problems of a rule that is right by itself with what it refers to."""
    if made := rules.made(kind, params):
        yield from (Problem(f"params.{name}", message) for name, message in made.unmet(surroundings))
    yield from named(conditions, surroundings)


def conditions(given: ExactJson) -> Iterator[Problem]:
    """Problems of conditions by themselves, whatever program they are in."""
    yield from list(absurd(given, "conditions")) or _conditions(given)


def named(given: Mapping[str, ExactJson], surroundings: Surroundings) -> Iterator[Problem]:
    """Problems of conditions that are right by themselves with what they refer to."""
    known = {
        "partners": (surroundings.partners, "takes part in the program"),
        "tiers": (surroundings.tiers, "is a tier of the program"),
        "segments": (surroundings.segments, "is a segment of the program"),
        "sku_list": (surroundings.sku_lists, "is a list of SKUs of the program"),
    }
    for one in reading.written(given):
        if one.key in known:
            there, words = known[one.key]
            texts = one.value if isinstance(one.value, list) else [one.value]
            if missing := sorted({text for text in texts if isinstance(text, str)} - there):
                yield Problem(f"conditions.{one.path}", f"none called {', '.join(map(clipped, missing))} {words}")


def parameters(kind: ExactJson, params: ExactJson) -> Iterator[Problem]:
    """Of what a rule of a kind needs to know."""
    if not isinstance(kind, str) or kind not in rules.registry:
        yield Problem("kind", f"must be one of {', '.join(rules.registry)}")
        return
    if not isinstance(params, dict):
        yield Problem("params", "must be an object")
        return
    fields = rules.registry[kind].Params.base_fields
    for name in params.keys() - fields.keys():
        yield Problem(f"params.{clipped(name)}", f"unknown; a rule of this kind takes {', '.join(fields)}")
    wrong = {name for name in params.keys() & fields.keys() if not _fits(fields[name], params[name])}
    for name in sorted(wrong):
        yield Problem(f"params.{name}", _what_fits(fields[name]))
    form = rules.registry[kind].Params(data={name: value for name, value in params.items() if name not in wrong})
    for name, errors in form.errors.as_data().items():
        if name not in wrong:
            yield from (_parameter(name, error) for error in errors)


def _what_fits(form_field: forms.Field) -> str:
    """What to write instead of a value that does not fit."""
    if isinstance(form_field, forms.BooleanField):
        return "must be true or false"
    return "must be a text" if isinstance(form_field, forms.CharField) else "must be a single number or text"


def _fits(form_field: forms.Field, value: ExactJson) -> bool:
    """Whether a JSON value may be read by a form field, which takes anything that has a text."""
    if isinstance(form_field, forms.BooleanField):
        return value is None or isinstance(value, bool)
    if isinstance(form_field, forms.CharField):
        return value is None or isinstance(value, str)
    if isinstance(form_field, forms.MultipleChoiceField):
        return isinstance(value, list)
    return not isinstance(value, (dict, list, bool))


def _parameter(name: str, error: ValidationError) -> Problem:
    words = "is missing" if error.code == "required" else clause_of(error.messages[0])
    return Problem("params" if name == "__all__" else f"params.{name}", words)


def _without_lines(kind: str, params: Mapping[str, ExactJson], conditions: ExactJson) -> Iterator[Problem]:
    """Of conditions on lines in a rule that is only about activities which have none."""
    asking = [
        one for one in reading.written(conditions) if issubclass(registry[one.key], (LineCondition, TotalCondition))
    ]
    made = rules.made(kind, params) if asking else None
    about = made.activities if made else None
    if about and about <= WITHOUT_LINES:
        named = " or ".join(f"“{name}”" for name in sorted(about))
        yield from (Problem(f"conditions.{one.path}", f"asks for lines, and {named} has none") for one in asking)


def _conditions(given: ExactJson) -> Iterator[Problem]:
    for path, message in reading.problems(given):
        yield Problem(f"conditions.{path}" if path else "conditions", message)
