"""What is refused when the words of a message are saved, and how do they read?"""

from zoneinfo import ZoneInfo

import pytest

from partners.event_shapes import sample
from partners.events import EVENTS, About
from programs.messages import languages, rendering, saving, templates, variables
from programs.messages.rendering import Words
from programs.messages.saving import Use
from programs.messages.speech import Speech
from programs.messages.variables import Currency, Person

EARNED = Use("points.earned")


def problems(text="Hello", *, subject="News", html="", use=EARNED):
    return saving.problems(Words("en", subject, text, html), use)


def written(
    text, *, language="en", html="", subject="News", event="points.earned", data=None, decimals=0, name="Ada Lovelace"
):
    person = Person(first_name="Ada", last_name="Lovelace", name=name, language="fr")
    values = variables.values(
        [sample(event) | (data or {})],
        person=person,
        program="Alpine Club",
        currencies={"points": Currency("Miles", decimals)},
        unsubscribe_url="https://loyalty.example.com/u/1/",
    )
    return rendering.render(Words(language, subject, text, html), values, Speech(language, ZoneInfo("Europe/Paris")))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Dear\n{{ member.frst_name }}",
            "Line 2: There is no variable “member.frst_name”. Did you mean “member.first_n",
        ),
        ("{{ balance.balanced }}", "Did you mean “balance.balance”? There are: member.number"),
        ("{{ x }}", "There is no variable “x”. There are: member.number"),
        ("{{ member.name|uper }}", "There is no filter “uper”. Did you mean “upper”? There are: capfirst, day"),
        ("{% inclde 'x' %}", "There is no tag “inclde”. There are: comment, firstof, for, if, with."),
        ("a\nb\n{% if points.points %}", "Line 3: Unclosed tag: 'if'."),
        ("{% endif %}", "“endif” has nothing before it that it could belong to."),
        ("{{ points }}", "“points” cannot be written as a whole; name a part of it: points.currency"),
        ("{{ member.tiers }}", "“member.tiers” is a list: go through it with {% for one in member.tiers %}."),
        ("{% for t in member.tiers %}{{ t.nam }}{% endfor %}", "Did you mean “t.name”?"),
        (
            "{% for t in member.name %}{{ t }}{% endfor %}",
            "no list that could be gone through. Lists are: member.bal",
        ),
        ("{% for a, b in events %}x{% endfor %}", "Name one variable: {% for one in list %}."),
        ("{{ member.name }", "“{{” stands alone"),
        ("Hello }} you", "“}}” stands alone"),
        ("{{ member.name.upper }}", "There is no variable “member.name.upper”."),
        ("{{ events|total:'points.pints' }}", "“total” sums a number of each of a list"),
        ("{{ member.name|default:member.nick }}", "There is no variable “member.nick”."),
        ("{% if member.nick %}a{% endif %}", "There is no variable “member.nick”."),
        ("{% with a=member.nick %}{{ a }}{% endwith %}", "There is no variable “member.nick”."),
        ("{{ }}", "Line 1: Empty variable tag"),
        ("{{ member.name|truncatechars }}", "truncatechars requires 2 arguments, 1 provided"),
        ("{{ merged.into }}", "There is no variable “merged.into”."),
    ],
)
def test_what_cannot_be_made_is_refused_with_its_line_and_what_was_meant(text, said):
    found = problems(text)
    assert list(found) == ["text"]
    assert any(said in sentence for sentence in found["text"]), found["text"]


@pytest.mark.parametrize(
    "text",
    [
        "{% include 'admin/base.html' %}",
        "{% extends 'admin/base.html' %}",
        "{% load static %}",
        "{% debug %}",
        "{% url 'admin:index' %}",
        "{% now 'Y' %}",
        "{% csrf_token %}",
        "{% autoescape off %}{{ member.name }}{% endautoescape %}",
        "{{ member.name|safe }}",
        "{{ member.name|ljust:999999999 }}",
        "{{ member.__class__ }}",
        "{{ member._state }}",
        "{{ events.clear }}",
        "{{ settings.SECRET_KEY }}",
        "{{ request.user }}",
        "{% for a in events %}{% for b in events %}{% for c in events %}x{% endfor %}{% endfor %}{% endfor %}",
        "{% if member.name %}" * 3000,
    ],
)
def test_a_template_reaches_no_file_no_setting_no_row_and_cannot_grow_without_end(text):
    assert problems(text)["text"]
    assert problems("Hello", html=text)["html"]


@pytest.mark.parametrize("event", [name for name, one in EVENTS.items() if one.about == About.MEMBER])
def test_every_variable_that_is_offered_is_taken_and_has_a_value(event):
    for name, _, example in variables.described(event):
        text = f"{{% for one in {name} %}}x{{% endfor %}}!" if example == "a list" else f"{{{{ {name} }}}}!"
        assert not problems(text, use=Use(event)), name
        made = written(text, event=event).text
        assert made != "!" or example in ("", "a list"), name


def test_all_problems_are_said_but_the_list_of_all_names_only_once():
    found = problems("{{ a }}\n{{ b }}")["text"]
    assert found[0].startswith("Line 1: There is no variable “a”. There are: member.number, ")
    assert found[1:] == ["Line 2: There is no variable “b”."]


def test_text_and_html_say_the_same():
    found = problems("{{ member.name }} {{ points.points }}", html="<p>{{ member.name }} {{ balance.balance }}</p>")
    assert "The text says “points.points”, and the HTML does not." in found["html"][0]
    assert "The HTML says “balance.balance”, and the text does not." in found["html"][0]
    assert not problems("{{ member.name }}", html="<p>{{ member.name|upper }}</p>")


def test_a_mail_has_a_subject_and_marketing_says_where_one_unsubscribes():
    mail = Use("points.earned", "email", is_marketing=True)
    found = problems("Hello", subject=" ", use=mail)
    assert found == {
        "subject": ["An e-mail needs a subject."],
        "text": ["Marketing by e-mail says where one unsubscribes: add {{ unsubscribe_url }}."],
    }
    assert not problems("Hello {{ unsubscribe_url }}", use=mail)
    assert not problems("Hello", use=Use("points.earned", "email"))


def test_a_text_message_that_no_network_brings_as_one_is_refused():
    sms = Use("points.earned", "sms")
    assert problems("x" * 1601, use=sms)["text"] == ["A text message has at most 1,600 characters; this has 1,601."]
    assert not problems("x" * 1600, subject="", use=sms)


def test_a_text_without_words_is_refused():
    assert problems("{% if not member.name %}x{% endif %}")["text"] == [
        "With the values of the example the text is empty."
    ]


def test_what_became_longer_than_anybody_reads_is_no_message():
    with pytest.raises(templates.BadTemplate, match="characters long; at most 150,000 are sent"):
        written("x" * 150_001)


def test_values_are_escaped_in_html_and_only_there():
    made = written("{{ member.name }} <3", html="<p>{{ member.name }}</p>", name="<script>alert(1)</script>")
    assert made.text == "<script>alert(1)</script> <3"
    assert "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>" in made.html


def test_html_is_made_of_the_text_where_there_is_none():
    made = written("Dear {{ member.name }},\nsee <here>: https://a.example/?b=1&c=2.\n\nBye", name="A & B")
    assert "<p>Dear A &amp; B,<br>see &lt;here&gt;: " in made.html
    assert '<a href="https://a.example/?b=1&amp;c=2">https://a.example/?b=1&amp;c=2</a>.</p>\n<p>Bye</p>' in made.html
    assert made.html.startswith('<!doctype html>\n<html lang="en">')


def test_html_that_is_a_page_stays_one_and_is_marked_safe_for_no_page_of_ours():
    made = written("a", html="<!DOCTYPE html><html><body>a</body></html>")
    assert made.html == "<!DOCTYPE html><html><body>a</body></html>"
    assert {type(made.subject), type(made.text), type(made.html)} == {str}


def test_a_name_with_line_breaks_begins_no_header_and_no_address():
    made = written(
        "Hello {{ member.name }}!",
        subject="For {{ member.name }}",
        name="Ada\r\nBcc: all@example.com http://evil.example",
    )
    assert made.subject == "For Ada Bcc: all@example.com http evil.example"
    assert made.text == "Hello Ada Bcc: all@example.com http evil.example!"
    assert "href" not in made.html


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "1,234.50 on 31 October 2027, 1,120.00 EUR at 17:04"),
        ("fr", "1\u00a0234,50 on 31 octobre 2027, 1\u00a0120,00 EUR at 17:04"),
        ("de", "1.234,50 on 31. Oktober 2027, 1.120,00 EUR at 17:04"),
        ("pt-BR", "1.234,50 on 31 de Outubro de 2027, 1.120,00 EUR at 17:04"),
        ("xx", "1,234.50 on 2027-10-31, 1,120.00 EUR at 17:04"),
    ],
)
def test_points_days_and_money_read_as_in_the_language(language, said):
    text = (
        "{{ points.points|points }} on {{ points.expires_at|last_day }}, "
        "{{ transaction.amount|money:transaction.money }} at {{ transaction.activity_at|time }}"
    )
    data = {
        "points": {
            "currency": "points",
            "points": 123450,
            "available_at": None,
            "expires_at": "2027-10-31T23:00:00Z",
        },
        "transaction": sample("points.earned")["transaction"] | {"amount": "1120.00"},
    }
    assert written(text, language=language, data=data, decimals=2).text == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ points.points }} {{ points.currency_name }}", "120 Miles"),
        ("{{ points.expires_at|day }}", "1 November 2027"),
        ("{{ points.expires_at|last_day:'iso' }}", "2027-10-31"),
        ("{{ points.available_at|day }}.", "."),
        ("{{ points.points|pluralize }}", "s"),
        ("{{ transaction.order|default:'no order' }}", "no order"),
        ("{% firstof transaction.order member.first_name %}", "Ada"),
        ("{% for t in member.tiers %}{{ forloop.counter }} {{ t.name }}{% endfor %}", "1 Gold"),
        ("{{ member.balances.0.balance }} {{ member.balances.0.currency_name }}", "620 Miles"),
        ("{{ count }} {{ events|total:'points.points' }}", "1 120"),
        ("{% if points.points > 100 %}many{% else %}few{% endif %}", "many"),
        ("{# not said #}a{% comment %}neither{% endcomment %}", "a"),
    ],
)
def test_what_templates_can_say(text, said):
    assert not problems(text)
    assert written(text).text == said


def test_points_that_went_can_be_told_without_their_minus():
    gone = {"points": sample("points.redeemed")["points"] | {"points": -1500}}
    text = "{{ points.points }} / {{ points.points|unsigned }}"
    assert written(text, event="points.redeemed", data=gone, decimals=2).text == "-15.00 / 15.00"


@pytest.mark.parametrize(
    ("there", "wanted", "usual", "chosen"),
    [
        (["en", "fr"], "fr", "en", "fr"),
        (["en", "pt"], "pt-BR", "en", "pt"),
        (["en", "pt-PT"], "pt-BR", "en", "pt-PT"),
        (["pt", "pt-BR"], "pt-br", "en", "pt-BR"),
        (["en", "fr"], "de", "fr", "fr"),
        (["it", "fr"], "de", "en", "it"),
        (["it", "fr"], "", "fr-CA", "fr"),
        ([], "de", "en", None),
    ],
)
def test_language_falls_back_to_its_base_the_program_and_the_first_that_there_is(there, wanted, usual, chosen):
    assert languages.choose(there, wanted, usual) == chosen


def test_a_line_break_in_what_happened_begins_no_header_either():
    data = {"transaction": sample("points.earned")["transaction"] | {"order": "7\r\nBcc: all@example.com"}}
    assert written("a", subject="Order {{ transaction.order }}", data=data).subject == "Order 7 Bcc: all@example.com"


@pytest.mark.parametrize(
    ("language", "said", "read"),
    [
        ("en", "2026-03", "March 2026"),
        ("en", "2026-03-31", "March 2026"),
        ("de", "2026-03", "März 2026"),
        ("fr", "2026-12", "décembre 2026"),
        ("xx", "2026-12", "2026-12"),
        ("en", "soon", "soon"),
    ],
)
def test_a_month_reads_in_the_words_of_the_language(language, said, read):
    speech = Speech(language, ZoneInfo("UTC"))
    assert templates.write("{{ statement.month|month }}", {"statement": {"month": said}}, speech) == read
