"""Which words can a message begin with? Files of the folder templates/messages: <event>.<language>.txt, .html, .sms.

The first line of a .txt is the subject. Whoever adds a file there adds a language, or another event; nothing else
has to know. Each is checked like what staff type (tests/programs/messages/test_ready_texts.py).
"""

from functools import cache
from pathlib import Path

from django.conf import settings

from programs.messages.rendering import Words


def folder() -> Path:
    """Where they are."""
    return Path(settings.BASE_DIR) / "templates" / "messages"


@cache
def languages(event: str) -> tuple[str, ...]:
    """In which languages there are words for `event`: English first, where there are some."""
    found = sorted(path.name.removesuffix(".txt").rpartition(".")[2] for path in folder().glob(f"{event}.*.txt"))
    return tuple(sorted(found, key=lambda language: language != "en"))


@cache
def words(event: str, language: str, channel: str) -> Words | None:
    """The words for a channel of consent ("sms" has short ones of its own); None where there are none."""
    stem = folder() / f"{event}.{language}"
    if language not in languages(event):
        return None
    short, html = stem.with_name(f"{stem.name}.sms"), stem.with_name(f"{stem.name}.html")
    if channel == "sms":
        return Words(language, "", short.read_text().strip()) if short.exists() else None
    subject, _, text = stem.with_name(f"{stem.name}.txt").read_text().partition("\n")
    return Words(language, subject.strip(), text.strip(), html.read_text().strip() if html.exists() else "")
