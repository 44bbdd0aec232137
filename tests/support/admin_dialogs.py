"""How do tests fill in a dialog of the admin as a browser would?"""

from django.contrib.messages import get_messages
from django.urls import reverse

from transactions.models import Journal


def address(name, row):
    return reverse(f"admin:{name}", args=[row.pk])


def deed(client, name, row, **fields):
    """Do the deed as a browser would: open its dialog and send it back with `fields`."""
    form = client.get(address(name, row)).context["form"]
    hidden = {key: form[key].value() for key in ("_form_submitted", "external_id") if key in form.fields}
    return client.post(address(name, row), hidden | fields)


def refund(client, row, **fields):
    """Refund as staff do: see what would happen, and agree to it. (preview, response)"""
    page = address("transactions_journal_refund", row)
    first = deed(client, "transactions_journal_refund", row, **fields)
    form = first.context["form"]
    assert not form.errors, form.errors
    return list(form.preview), client.post(page, {**form.data.dict(), "agreed": "on"})


def refunded(client, row, **fields):
    preview, response = refund(client, row, **({"reason": "Came back"} | fields))
    assert response.headers.get("HX-Redirect"), response.context["form"].errors
    row.refresh_from_db()
    return preview, Journal.objects.get(pk=response["HX-Redirect"].split("/")[-3])


def errors(response):
    assert "HX-Redirect" not in response
    return response.context["form"].errors


def said(client):
    page = client.get(reverse("admin:index"))
    return " ".join(str(message) for message in get_messages(page.wsgi_request)) or page.content.decode()
