"""Which templates are taken, and how are they made? In an engine that reaches no file, no setting and no row."""

from functools import lru_cache

from django.template import Context, Engine, Template, TemplateSyntaxError

from programs.messages.speech import Speech, spoken
from programs.messages.variables import Value

#: Characters of a message that was made; what is longer, no reader of mail shows whole.
LONGEST = 150_000


class BadTemplate(Exception):
    """A text that cannot be made; the sentence says why."""


class _OwnEngine(Engine):
    """Django's language with our tags and filters, and none besides."""

    default_builtins = ["programs.messages.language"]


_TEXT = _OwnEngine(loaders=[], autoescape=False)
_HTML = _OwnEngine(loaders=[], autoescape=True)


@lru_cache(maxsize=128)
def parse(text: str, *, is_html: bool = False) -> Template:
    """The template. Raises TemplateSyntaxError, whose `token` has the line where it is known."""
    try:
        return Template(text, engine=_HTML if is_html else _TEXT)
    except RecursionError as error:
        raise TemplateSyntaxError("It has too many tags in each other.") from error


def write(text: str, values: dict[str, Value], speech: Speech, *, is_html: bool = False) -> str:
    """The text with its `values`. Raises BadTemplate for what cannot be made, or is too long."""
    try:
        template = parse(text, is_html=is_html)
        with spoken(speech):
            # Not what Django marks as safe: shown on a page of ours, it is escaped like any text.
            made = str.__str__(
                template.render(Context(dict(values), autoescape=is_html, use_l10n=False, use_tz=False))
            )
    except Exception as error:
        # Whatever it is, it came from what somebody typed, and stops no other message.
        raise BadTemplate(f"The text cannot be made: {error or type(error).__name__}"[:300]) from error
    if len(made) > LONGEST:
        raise BadTemplate(f"The text became {len(made):,} characters long; at most {LONGEST:,} are sent.")
    return made
