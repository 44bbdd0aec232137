"""The members of a segment are written into a file, by a command and from the page of the segment."""

import csv

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from tests.support import factories
from tests.support.factories import at
from tests.support.segments import keep, segment

HEADER = "member status first_name last_name company_name email phone language in_segment_since".split()


@pytest.fixture
def made(db):
    return factories.program("club")


@pytest.fixture
def french(made):
    row = segment(made, "french", {"language": {"languages": ["fr"]}})
    factories.member(made, language="en")
    factories.member(made, language="fr", first_name="Ada", last_name="Lovelace", email="a@example.com")
    factories.member(made, language="fr", first_name="=1+1", last_name="Babbage", email="", phone="+33612345678")
    keep(made, "french", now=at(2026, 3, 1, 23))
    return row


def rows_of(text):
    return list(csv.reader(text.splitlines()))


def test_the_command_writes_those_who_were_looked_up_last(french, capsys, tmp_path):
    file = tmp_path / "french.csv"
    call_command("segment", "club", "french", csv=str(file))
    header, ada, odd = rows_of(file.read_text())
    assert header == HEADER
    assert ada[1:] == ["active", "Ada", "Lovelace", "", "a@example.com", "", "fr", "2026-03-02"]
    # What people type is no formula of a spreadsheet.
    assert odd[2:7] == ["'=1+1", "Babbage", "", "", "+33612345678"]
    call_command("segment", "club", "french")
    told = capsys.readouterr()
    assert rows_of(told.out) == [header, ada, odd]
    assert "2 members of French." in told.err


def test_the_command_can_look_up_first_who_is_in_it(made, french, capsys):
    factories.member(made, language="fr")
    call_command("segment", "club", "french", anew=True)
    assert len(rows_of(capsys.readouterr().out)) == 4


def test_the_command_says_what_it_cannot_do(french, tmp_path):
    with pytest.raises(CommandError, match="Program “club” has no segment “german”") as refused:
        call_command("segment", "club", "german")
    assert refused.value.returncode == 2
    with pytest.raises(CommandError, match="cannot be written: No such file or directory") as refused:
        call_command("segment", "club", "french", csv=str(tmp_path / "none" / "x.csv"))
    assert refused.value.returncode == 1


def test_marketing_takes_the_file_from_the_page_and_store_staff_do_not(client, marketing, store_staff, french):
    address = reverse("admin:programs_segment_export", args=[french.pk])
    client.force_login(marketing)
    answer = client.get(address)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="club-french.csv"'
    assert len(rows_of(b"".join(answer.streaming_content).decode())) == 3
    client.force_login(store_staff)
    assert client.get(address).status_code == 403
