"""How does a message read for one member? Subject, plain text and HTML, which say the same."""

import re
from dataclasses import dataclass

from django.utils.html import escape, format_html

from programs.messages import templates
from programs.messages.speech import Speech
from programs.messages.variables import Value

LONGEST_SUBJECT = 200
_BLANK_LINES = re.compile(r"\n[ \t]*\n+")
_ADDRESS = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")


@dataclass(frozen=True, slots=True)
class Words:
    """The templates of a message in one language."""

    language: str
    subject: str
    text: str
    html: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A message as somebody reads it; `html` is a whole page."""

    subject: str
    text: str
    html: str


def render(words: Words, values: dict[str, Value], speech: Speech) -> Written:
    """The message with these `values`. Raises templates.BadTemplate."""
    subject = templates.write(words.subject, values, speech)
    text = templates.write(words.text.replace("\r\n", "\n"), values, speech)
    html = templates.write(words.html, values, speech, is_html=True) if words.html else html_of(text)
    # One line: a line break in a name would begin another header.
    subject = " ".join(subject.split())[:LONGEST_SUBJECT]
    return Written(subject, text.strip(), page_of(html, words.language))


def html_of(text: str) -> str:
    """A plain text as HTML: paragraphs where lines are blank, and addresses as links; everything else escaped."""
    paragraphs = [part for part in _BLANK_LINES.split(text.strip()) if part.strip()]
    return "\n".join(f"<p>{_linked(part).replace(chr(10), '<br>')}</p>" for part in paragraphs)


def _linked(text: str) -> str:
    found, last = [], 0
    for match in _ADDRESS.finditer(text):
        found += [escape(text[last : match.start()]), format_html('<a href="{0}">{0}</a>', match[0])]
        last = match.end()
    return "".join([*found, escape(text[last:])])


def page_of(html: str, language: str) -> str:
    """HTML as a whole page; what is one already stays as it is."""
    if html.lstrip()[:200].lower().startswith(("<!doctype", "<html")):
        return html
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    return f'<!doctype html>\n<html lang="{escape(language)}"><head>{head}</head><body>\n{html}\n</body></html>\n'
