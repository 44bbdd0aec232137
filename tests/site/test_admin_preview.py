"""A purchase that staff enter can be previewed: what it would give is shown, and nothing is posted."""

from decimal import Decimal

import pytest

from programs.models import Tier
from tests.support import factories
from tests.support.capped import cap
from tests.support.entering import ADD, form_of
from transactions.models import CapCounter, Entry, Journal


def set_up(club, **settings):
    """Change the main points of the program."""
    currency = club.currencies.get(is_primary=True)
    for name, value in settings.items():
        setattr(currency, name, value)
    currency.save()


def preview(desk, who, **more):
    return desk.post(ADD, form_of(who, _preview="") | more)


def shown(response):
    """(the tiles, all sentences, the rows of the table) of a preview."""
    drawn = response.context["panels"]
    panels = {panel.kind: panel for panel in drawn}
    sentences = [said for panel in drawn if panel.kind == "sentences" for said in panel.sentences]
    tiles = [(one.label, one.value, list(one.notes)) for one in panels["tiles"].tiles] if "tiles" in panels else []
    return tiles, sentences, panels["table"].rows if "table" in panels else []


def test_the_form_offers_a_preview_beside_saving(desk, hopper):
    content = desk.get(f"{ADD}?member={hopper.pk}").content.decode()
    assert 'name="_preview"' in content
    assert "nothing is posted yet" not in content


def test_a_preview_tells_points_balance_and_rules_and_posts_nothing(desk, hopper):
    response = preview(desk, hopper)
    tiles, sentences, _ = shown(response)
    assert tiles[0] == ("Points", "+46", ["46 afterwards"])
    assert sentences[0] == "It would give 46 Points, 46 Status points."
    assert any("gave 46 Points" in said for said in sentences)
    assert "Preview: nothing is posted yet" in response.content.decode()
    assert (Journal.objects.count(), Entry.objects.count()) == (0, 0)


def test_what_was_typed_stays_in_the_form_and_is_posted_once_it_is_saved(desk, hopper):
    line = {
        "lines-TOTAL_FORMS": "1",
        "lines-0-sku": "A-1",
        "lines-0-quantity": "2",
        "lines-0-amount": "46.90",
    }
    response = preview(desk, hopper, code="SUMMER", **line)
    form, (inline,) = response.context["adminform"].form, response.context["inline_admin_formsets"]
    assert (form["amount"].value(), form["code"].value(), form["external_id"].value()) == (
        "46.90",
        "SUMMER",
        "receipt-1",
    )
    assert inline.formset.forms[0]["sku"].value() == "A-1"
    assert form.errors == {}
    given = shown(response)[0]
    assert desk.post(ADD, form_of(hopper, code="SUMMER", **line)).status_code == 302
    journal = Journal.objects.get()
    assert {"+" + str(points) for points in journal.answer["points"].values()} == {tile[1] for tile in given}


def test_a_preview_tells_what_points_may_pay(desk, club, hopper):
    factories.post_one(club, factories.purchase(hopper, 500_00))
    set_up(club, point_value=Decimal("0.01"))
    (row,) = shown(preview(desk, hopper, amount="3.00"))[2]
    assert row[:4] == ["Points", "500", "300", "3.00 EUR"]


def test_points_that_pay_for_it_are_told_with_the_balance(desk, club, hopper):
    factories.post_one(club, factories.purchase(hopper, 200_00))
    tiles, _, _ = shown(preview(desk, hopper, redeem="100"))
    assert tiles[0][2] == ["Paid with 100", "146 afterwards"]


def test_a_tier_that_it_would_reach_is_told(desk, club, hopper):
    Tier.objects.filter(group__program=club, sequence=2).update(threshold=10)
    club.refresh_from_db()
    club.save()
    assert any("Silver afterwards" in said for said in shown(preview(desk, hopper))[1])


def test_what_caps_cut_is_told(desk, club, hopper):
    cap(club, "txn", 30, scope="transaction")
    tiles, sentences, _ = shown(preview(desk, hopper))
    assert tiles[0][:2] == ("Points", "+30")
    assert any("cut 46 to 30 Points" in said for said in sentences)
    assert CapCounter.objects.count() == 0


@pytest.mark.parametrize(
    ("waits", "note"),
    [({"pending_days": 3}, "Pending until "), ({"pending_event": "shipped"}, "Pending until “shipped” is reported")],
)
def test_points_that_cannot_be_spent_yet_are_told(desk, club, hopper, waits, note):
    set_up(club, **waits)
    assert shown(preview(desk, hopper))[0][0][2][0].startswith(note)


def test_what_is_surely_wrong_with_it_is_told_before_it_is_posted(desk, club, hopper):
    club.channels = "web"
    club.save()
    assert any("channel" in said for said in shown(preview(desk, hopper))[1][1:])


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amount": "much"}, "amount"),
        ({"member": ""}, "member"),
        ({"activity_at_0": "2001-01-01", "activity_at_1": "10:00"}, "activity_at"),
        ({"redeem": "100"}, "redeem"),
    ],
)
def test_what_is_wrong_is_shown_at_its_field_and_nothing_is_previewed(desk, hopper, wrong, field):
    response = preview(desk, hopper, **wrong)
    assert response.context["adminform"].form.errors.keys() == {field}
    assert response.context["panels"] == []
    assert Journal.objects.count() == 0


def test_what_is_wrong_with_a_line_is_shown_there(desk, hopper):
    line = {"lines-TOTAL_FORMS": "1", "lines-0-quantity": "1", "lines-0-amount": "much"}
    (inline,) = preview(desk, hopper, **line).context["inline_admin_formsets"]
    assert inline.formset.forms[0].errors.keys() == {"amount"}


def test_what_was_posted_already_is_told(desk, hopper):
    desk.post(ADD, form_of(hopper))
    tiles, sentences, _ = shown(preview(desk, hopper))
    assert tiles == []
    assert sentences[0].startswith("It was posted already")
    assert Journal.objects.count() == 1


def test_what_gives_nothing_says_so_and_why(desk, hopper):
    tiles, sentences, _ = shown(preview(desk, hopper, activity="dance", amount=""))
    assert tiles == []
    assert sentences[0] == "It would give no points."


def test_who_may_not_post_may_not_preview(client, hopper, marketing):
    client.force_login(marketing)
    assert client.post(ADD, form_of(hopper, _preview="")).status_code == 403


def test_another_page_that_a_verb_makes_has_no_preview(desk, hopper):
    assert 'name="_preview"' not in desk.get("/admin/members/member/add/").content.decode()
