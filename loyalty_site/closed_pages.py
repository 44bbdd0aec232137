"""What do people see who are not let in? Pages in the look of the back office, without its side bar."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def draw(request: HttpRequest, template: str, *, status: int, title: str, **context: str | int) -> HttpResponse:
    """The page `template` of templates/admin."""
    shown = {**admin.site.each_context(request), "title": title, **context}
    return render(request, f"admin/{template}.html", shown, status=status)


def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The answer to a form whose token is not ours, named in the settings."""
    return draw(request, "form_too_old", status=403, title="The form is too old")
