"""Are the words that we offer fit to be sent?"""

import pytest

from partners.events import EVENTS, About
from programs.messages import ready_texts, saving
from programs.messages.saving import Use
from programs.models.messages import FOR_STAFF_ONLY

TOLD = [name for name, one in EVENTS.items() if one.about == About.MEMBER]
READY = [
    (event, language) for event in TOLD if event not in FOR_STAFF_ONLY for language in ready_texts.languages(event)
]


def test_every_event_that_concerns_members_has_words_in_english():
    assert [name for name in TOLD if "en" not in ready_texts.languages(name)] == []


def test_files_name_events_that_there_are():
    stems = {path.name.rsplit(".", 2)[0] for path in ready_texts.folder().iterdir()}
    assert stems <= set(TOLD)


@pytest.mark.parametrize(("event", "language"), READY)
@pytest.mark.parametrize("channel", ["email", "sms"])
def test_they_are_taken_as_marketing_by_every_channel(event, language, channel):
    words = ready_texts.words(event, language, channel)
    assert saving.problems(words, Use(event, channel, is_marketing=True)) == {}


@pytest.mark.parametrize("event", FOR_STAFF_ONLY)
def test_those_for_staff_are_taken_by_their_channel_and_no_phone_has_any(event):
    assert saving.problems(ready_texts.words(event, "en", ""), Use(event)) == {}
    assert ready_texts.words(event, "en", "sms") is None


@pytest.mark.parametrize(("event", "language"), READY)
def test_those_for_phones_are_short(event, language):
    made = saving.example(ready_texts.words(event, language, "sms"), event)
    assert len(made.text) <= 306, made.text


def test_a_language_without_words_has_none():
    assert ready_texts.words("points.earned", "xx", "email") is None
    assert ready_texts.languages("night.failed") == ()


def test_english_comes_first():
    assert ready_texts.languages("points.earned") == ("en", "de", "fr")
