"""Can an operator look at what leaves, and send it again, from the command line?"""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from members.models import Delivery
from tests.support import factories
from tests.support.outbox import drain, endpoint, event, events, outbox, states, twilio


@pytest.fixture
def both(settings, monkeypatch, db):
    with outbox(settings, monkeypatch) as both:
        yield both


@pytest.fixture
def receiver(both):
    return both[0]


@pytest.fixture
def program(both):
    made = factories.program()
    endpoint(made, f"{both[1]}/hook", name="CRM")
    return made


def deliveries(*words):
    out = StringIO()
    call_command("deliveries", *words, stdout=out)
    return out.getvalue()


def refused(*words):
    with pytest.raises(CommandError) as why:
        deliveries(*words)
    return why.value.returncode, str(why.value)


def test_an_empty_outbox_is_drained_and_listed(program, receiver):
    assert deliveries("drain") == "spread 0, sent 0, ended 0\n"
    assert deliveries("list") == "nothing; 0 events have no deliveries yet.\n"


def test_what_leaves_is_listed_by_state_and_shown_with_its_attempts(program, receiver, both):
    told = event(program)
    assert "1 events have no deliveries yet" in deliveries("list")
    receiver.fail("400")
    assert deliveries("drain").startswith("spread 1, sent 1, ended 1\n")
    dead = Delivery.objects.get()
    listed = deliveries("list", "--state", "dead", "--kind", "webhook", "--program", program.code)
    assert f"{dead.pk} points.earned to CRM (Webhook): dead, 1 attempt: HTTP 400" in listed
    assert "given up 1" in listed
    assert str(dead.pk) not in deliveries("list", "--state", "sent")
    shown = deliveries("show", str(dead.pk))
    assert f"key webhook:{dead.endpoint_id}:{told.name}" in shown
    assert "attempt 1 at" in shown
    assert told.name in shown
    assert "HTTP 400" in shown


def test_what_was_given_up_is_replayed_by_key_or_by_state(program, receiver):
    events(program, 3)
    receiver.always("400")
    drain()
    first = Delivery.objects.first()
    receiver.always(None)
    assert deliveries("replay", str(first.pk)) == "1 will be tried anew.\n"
    assert deliveries("replay", "--state", "dead", "--yes") == "2 will be tried anew.\n"
    deliveries("drain")
    assert states() == {"sent": 3}


def test_nothing_is_replayed_by_mistake(program, receiver):
    event(program)
    drain()
    sent = Delivery.objects.get()
    assert refused("replay", "--state", "sent") == (2, "That would send 1 once more: say --yes.")
    assert refused("replay", str(sent.pk + 1))[0] == 2
    assert refused("replay", str(sent.pk), "--state", "sent")[0] == 2
    assert refused("replay", "--state", "dead", "--yes")[0] == 2
    assert refused("show", str(sent.pk + 1)) == (2, f"There is no delivery {sent.pk + 1}.")
    assert states() == {"sent": 1}


@pytest.mark.parametrize("code", ["nope", ""])
@pytest.mark.parametrize("verb", [["list"], ["replay", "--state", "sent", "--yes"]])
def test_a_program_that_there_is_not_is_said_with_those_that_there_are(program, receiver, verb, code):
    event(program)
    drain()
    assert refused(*verb, "--program", code) == (2, f"There is no program “{code}”; known are: {program.code}.")
    assert states() == {"sent": 1}


def test_a_drain_that_leaves_something_due_says_so(program, receiver, both):
    twilio(program, both[1], status="paused")
    event(program)
    code, why = refused("drain")
    assert code == 1
    assert why.startswith("1 are due and wait")
