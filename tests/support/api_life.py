"""What do tests send over the API in the life of a point?"""

from datetime import timedelta

from django.utils import timezone

from programs.models import Currency, ExchangeRate


def put(club, code="points", **columns):
    """Change a currency of the program."""
    Currency.objects.filter(program=club, code=code).update(**columns)
    club.refresh_from_db()


def rate(club, money, worth):
    ExchangeRate.objects.create(program=club, money=money, on=timezone.localdate() - timedelta(days=1), rate=worth)


def purchase(external_id="order-1", amount="100.00", **fields):
    return {
        "activity": "purchase",
        "external_id": external_id,
        "member": {"card": "C-1815"},
        "amount": amount,
    } | fields


def spend(external_id="voucher-1", points=40, **fields):
    return {"external_id": external_id, "member": {"card": "C-1815"}, "points": points} | fields


def bought(shop, *args, **fields):
    answer = shop.post("transactions/", purchase(*args, **fields))
    assert answer.status_code == 201, answer.said
    return answer.said["id"]


def reserve(shop, **fields):
    answer = shop.post("redemptions/", spend(reserve_s=900, **fields))
    assert (answer.status_code, answer.said["status"]) == (201, "posted"), answer.said
    return answer.said["id"]


def parts(member):
    row = member.balances.get(currency__code="points")
    return row.available, row.pending, row.reserved, row.arrears
