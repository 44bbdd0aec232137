"""SMS leave as the SDK of Twilio sends them, and what Twilio answers is taken for what it means."""

import json
from urllib.parse import parse_qs

import pytest
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from loyalty_site.lib.http import MayHaveArrived, NothingSent, written
from partners.channels.base import Answer, GiveUp, Message, NoAddress, Person, Refused, Sent, TryAgain, Unknown
from partners.channels.twilio import Twilio

SID, TOKEN = "AC" + "a" * 32, "0123456789abcdef0123456789abcdef"
FROM = {"sid": SID, "token": TOKEN, "sender": "+14155550199"}
SERVICE = {"sid": SID, "token": TOKEN, "service": "MG" + "b" * 32}


class Recorder(HttpClient):
    """Takes what the SDK would send."""

    def __init__(self):
        self.taken = {}

    def request(self, method, uri, params=None, data=None, headers=None, auth=None, **options):
        self.taken = {"method": method, "uri": uri, "data": data, "auth": auth, "headers": headers}
        return Response(201, json.dumps({"sid": "SM1", "status": "queued"}))


@pytest.mark.parametrize(
    ("credentials", "sender"),
    [(FROM, {"from_": FROM["sender"]}), (SERVICE, {"messaging_service_sid": SERVICE["service"]})],
)
@pytest.mark.parametrize("text", ["hi", "Zoë: 5 € & more + 100 %\nnew line 😀"])
def test_our_request_is_that_of_the_sdk(credentials, sender, text):
    recorder = Recorder()
    Client(SID, TOKEN, http_client=recorder).messages.create(to="+33612345678", body=text, **sender)
    theirs = recorder.taken
    ours = Twilio(credentials).message(Message("k", "+33612345678", text))
    assert (ours.method, ours.url, ours.basic) == (theirs["method"], theirs["uri"], theirs["auth"])
    assert ours.form == theirs["data"]
    assert parse_qs(written(ours).content.decode()) == {name: [value] for name, value in theirs["data"].items()}
    assert ours.headers["Accept"] == theirs["headers"]["Accept"]
    assert written(ours).headers["content-type"] == theirs["headers"]["Content-Type"]


def test_so_is_our_probe():
    recorder = Recorder()
    Client(SID, TOKEN, http_client=recorder).api.accounts(SID).fetch()
    ours = Twilio(FROM).probe()
    assert (ours.method, ours.url, ours.basic) == ("GET", recorder.taken["uri"], recorder.taken["auth"])


def test_it_has_no_key_and_hides_its_token():
    request = Twilio(FROM).message(Message("k", "+33612345678", "hi"))
    assert not request.has_key
    assert request.secrets == (TOKEN,)
    assert Twilio(FROM).failed(MayHaveArrived("Late."), has_key=request.has_key) == Unknown("Late.")
    assert Twilio(FROM).failed(NothingSent("Away."), has_key=request.has_key) == TryAgain("Away.")


def test_another_address_of_the_api_is_used():
    url = Twilio(FROM | {"api": "http://127.0.0.1:8123"}).message(Message("k", "+1", "hi")).url
    assert url == f"http://127.0.0.1:8123/2010-04-01/Accounts/{SID}/Messages.json"


def test_a_long_text_is_cut_at_what_twilio_takes():
    body = Twilio(FROM).message(Message("k", "+33612345678", "x" * 100_000)).form["Body"]
    assert body == "x" * 1599 + "…"
    assert Twilio(FROM).message(Message("k", "+33612345678", "y" * 1600)).form["Body"] == "y" * 1600


@pytest.mark.parametrize("phone", ["+33612345678", "+33 6 12 34 56 78", "+1 (415) 555-0100"])
def test_a_phone_that_is_one(phone):
    assert Twilio(FROM).address(Person(phone=phone)).startswith("+")


@pytest.mark.parametrize("phone", ["", "0612345678", "+0612345678", "+33", "+" + "1" * 16, "abc", "+٣٣٦١٢٣٤٥٦٧"])
def test_a_phone_that_is_none(phone):
    with pytest.raises(NoAddress, match="phone number"):
        Twilio(FROM).address(Person(phone=phone))


def error(status, code, **headers):
    return Twilio(FROM).read(Answer(status, headers, json.dumps({"code": code, "message": "Why"}).encode()))


def test_who_has_answered_stop_gets_no_more():
    outcome = error(400, 21610)
    assert isinstance(outcome, GiveUp)
    assert outcome.ends_consent


@pytest.mark.parametrize("code", [21211, 21614, 21612, 21617, 21408, 63038])
def test_what_concerns_one_message_ends_that_one(code):
    assert error(400, code) == GiveUp(f"Twilio {code}: Why")
    assert error(403, code) == GiveUp(f"Twilio {code}: Why")


@pytest.mark.parametrize(
    ("status", "code"), [(401, 20003), (403, 20003), (404, 20404), (400, 21606), (400, 21212), (400, 21703)]
)
def test_what_concerns_the_account_stops_the_connection(status, code):
    assert error(status, code) == Refused(f"Twilio {code}: Why")


@pytest.mark.parametrize(
    ("status", "code"), [(429, 20429), (429, 0), (400, 20429), (500, 20500), (503, 20503), (400, 21611)]
)
def test_what_is_for_now_is_tried_again(status, code):
    assert error(status, code) == TryAgain(f"Twilio {code}: Why")


@pytest.mark.parametrize("text", ["3", "3.0"])
def test_it_waits_as_long_as_twilio_asks(text):
    assert error(429, 20429, **{"retry-after": text}).after_s == 3


def test_what_was_taken_and_failed_at_once():
    body = {"sid": "SM1", "status": "failed", "error_code": 30005, "error_message": "Unknown destination"}
    assert Twilio(FROM).read(Answer(201, {}, json.dumps(body).encode())) == GiveUp(
        "Twilio 30005: Unknown destination"
    )
    assert Twilio(FROM).read(Answer(201, {}, b'{"sid": "SM1", "status": "queued"}')) == Sent("SM1")


def test_the_probe_names_the_account_or_says_what_is_wrong_with_it():
    read = Twilio(FROM).read_probe
    assert read(Answer(200, {}, b'{"friendly_name": "Shop", "status": "active"}')) == Sent("Shop")
    assert read(Answer(200, {}, b'{"status": "suspended"}')) == Refused("The account at Twilio is suspended.")
    assert isinstance(read(Answer(401, {}, b'{"code": 20003, "message": "Authenticate"}')), Refused)
    assert isinstance(read(Answer(404, {}, b'{"code": 20404, "message": "Not found"}')), Refused)


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"sid": "SK1"}, "sid", "An Account SID is AC and 32"),
        ({"sid": ""}, "sid", "required"),
        ({"token": ""}, "token", "required"),
        ({"sender": "0612"}, "", ""),
        ({"sender": "+0"}, "sender", "Write the number as"),
        ({"sender": "MyVeryLongShop"}, "sender", "up to 11 letters"),
        ({"sender": ""}, "sender", "Fill in either"),
        ({"service": SERVICE["service"]}, "sender", "Fill in either"),
        ({"service": "XX1", "sender": ""}, "service", "MG and 32"),
        ({"api": "http://10.0.0.1/"}, "api", "https"),
        ({"api": "https://10.0.0.1/"}, "api", "private, local or reserved"),
    ],
)
def test_its_form_says_what_is_wrong_beside_the_field(changed, field, sentence):
    form = Twilio.Credentials(FROM | changed)
    assert form.is_valid() == (not field)
    assert {*form.errors} == ({field} if field else set())
    assert sentence in "".join(form.errors.get(field, [""]))


def test_its_form_fills_in_the_usual_address():
    form = Twilio.Credentials(FROM)
    assert form.is_valid()
    assert form.cleaned_data["api"] == "https://api.twilio.com"
