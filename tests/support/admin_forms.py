"""How do tests fill in a page of the admin as a browser would?"""

from django.contrib.auth import get_user
from django.test import RequestFactory
from django.urls import resolve, reverse


def form_of(client, address):
    """What a browser would send back of the page at `address`, unchanged."""
    context = _shown(client, address)
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += _formset(inline.formset)
    data = {}
    for form in forms:
        for bound in form:
            data |= _sent(bound)
    return data


def _shown(client, address):
    """What the page is made of; it is not rendered, as nobody looks at it and a program has hundreds of fields."""
    request = RequestFactory().get(address)
    request.session = client.session
    request.user = get_user(request)
    view, args, kwargs = resolve(request.path)
    return view(request, *args, **kwargs).context_data


def _formset(formset):
    yield formset.management_form
    for form in formset.forms:
        yield form
        for nested in getattr(form, "nested_formsets", ()):
            yield from _formset(nested.formset)


def _sent(bound):
    value = bound.value()
    if hasattr(bound.field.widget, "widgets"):
        parts = bound.field.widget.decompress(value)
        return {f"{bound.html_name}_{n}": part if part is not None else "" for n, part in enumerate(parts)}
    if value is True:
        return {bound.html_name: "on"}
    return {} if value is None or value is False or value == [] else {bound.html_name: value}


def errors_of(response):
    assert response.status_code == 200
    return response.context["adminform"].form.errors


def page(row):
    return reverse(f"admin:programs_{row._meta.model_name}_change", args=[row.pk])


def save(client, address, **changes):
    """The answer to the page's own form, with some fields changed; "-" in a name stands as "__"."""
    data = form_of(client, address)
    return client.post(address, data | {name.replace("__", "-"): value for name, value in changes.items()})


def all_errors(response):
    assert response.status_code == 200
    return (
        str([inline.formset.errors for inline in response.context["inline_admin_formsets"]])
        + response.content.decode()
    )
