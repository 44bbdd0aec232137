"""Is the text of a message fit to be saved? Refused at the field, with the line and with what was meant."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC

from loyalty_site.lib.json_types import Json
from partners import event_shapes
from programs.messages import checking, rendering, templates, variables
from programs.messages.rendering import Words, Written
from programs.messages.speech import Speech
from programs.messages.variables import Currency, Person

#: Characters of a text message that the networks bring as one.
LONGEST_SMS = 1600


@dataclass(frozen=True, slots=True)
class Use:
    """What the words are for: the event, the channel of consent ("email", "sms", ...; "" for none), the purpose."""

    event: str
    channel: str = ""
    is_marketing: bool = False


def problems(words: Words, use: Use) -> dict[str, list[str]]:
    """What is wrong, as sentences by field: subject, text, html; nothing where all is well."""
    known = variables.shape(use.event)
    found: dict[str, list[str]] = defaultdict(list)
    checked = {}
    for name, text in (("subject", words.subject), ("text", words.text), ("html", words.html)):
        checked[name] = checking.check(text, known, is_html=name == "html")
        found[name] += checked[name].problems
    if not any(found.values()):
        found |= _of_all(words, use, {name: one.written for name, one in checked.items()})
    return {name: sentences for name, sentences in found.items() if sentences}


def _of_all(words: Words, use: Use, written: Mapping[str, set[str]]) -> dict[str, list[str]]:
    """What is wrong with templates that can each be made."""
    found: dict[str, list[str]] = defaultdict(list)
    if use.channel == "email" and not words.subject.strip():
        found["subject"].append("An e-mail needs a subject.")
    if use.channel == "email" and use.is_marketing and variables.UNSUBSCRIBE not in written["text"]:
        sentence = "Marketing by e-mail says where one unsubscribes: add {{ unsubscribe_url }}."
        found["text"].append(sentence)
    if words.html and written["html"] != written["text"]:
        found["html"].append(_different(written["text"], written["html"]))
    try:
        made = example(words, use.event)
    except templates.BadTemplate as error:
        found["text"].append(str(error))
        return found
    if not made.text:
        found["text"].append("With the values of the example the text is empty.")
    if use.channel == "sms" and len(made.text) > LONGEST_SMS:
        found["text"].append(f"A text message has at most {LONGEST_SMS:,} characters; this has {len(made.text):,}.")
    return found


def _different(text: set[str], html: set[str]) -> str:
    """The words of both are to be the same: half of the members see one, half the other."""
    said = []
    if text - html:
        said.append(f"The text says {_listed(text - html)}, and the HTML does not.")
    if html - text:
        said.append(f"The HTML says {_listed(html - text)}, and the text does not.")
    return f"{' '.join(said)} Both are the same message: say it in both, or leave the HTML empty."


def _listed(names: set[str]) -> str:
    return ", ".join(f"“{name}”" for name in sorted(names))


def example(words: Words, event: str, data: Mapping[str, Json] | None = None) -> Written:
    """The message with the values of the event's example. Raises templates.BadTemplate."""
    told = event_shapes.sample(event) if data is None else data
    person = Person(
        *(variables.PERSON[f"member.{part}"][1] for part in ("first_name", "last_name", "name", "language"))
    )
    values = variables.values(
        [told],
        person=person,
        program=variables.PROGRAM["program.name"][1],
        currencies=defaultdict(lambda: Currency("Points", 0)),
        unsubscribe_url="https://example.com/u/0/",
    )
    return rendering.render(words, values, Speech(words.language, UTC))
