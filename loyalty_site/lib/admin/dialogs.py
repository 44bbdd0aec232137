"""How does an action ask before it calls a verb, and where does it say what the verb refuses?"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from loyalty_site.lib.admin.fields import dressed
from loyalty_site.lib.admin.theme import StaffRequest, Texts, ThemeDialogForm, theme_action
from loyalty_site.lib.refusals import Refusal, Refused


class Dialog(ThemeDialogForm):
    """The form of an action that opens over the page; `object_id` is the row that the page shows."""

    form_before_template = "admin/dialog_errors.html"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            self.fields[name] = dressed(field, simple=True)

    def get_before_template_context(self, request: HttpRequest, object_id: str | None = None) -> dict[str, Any]:
        return {"errors": self.non_field_errors()}

    def add_refusal(self, refusal: Refusal) -> None:
        """Show a refusal beside the field that is meant, or above the form."""
        self.add_error(refusal.field if refusal.field in self.fields else None, refusal.detail)


def dialog(title: str, description: str, submit: str, form_class: type[Dialog] = Dialog) -> Texts:
    """What an action asks: the texts above the form, the one on its button, and the form."""
    return {"title": title, "description": description, "form_class": form_class, "form_submit_text": submit}


def action(
    *, description: str, permission: str, icon: str, dialog: Texts | None = None
) -> Callable[[Callable[..., HttpResponse | None]], Callable[..., HttpResponse]]:
    """Make a method of an admin or an Extension an action of a row's page, for those who have `permission`.

    The method gets the request and the row's id as typed; with a `dialog`, its valid form between them. What it
    refuses is shown in the dialog, which stays open. So it does when the method returns None, to ask again.
    """

    def make(method: Callable[..., HttpResponse | None]) -> Callable[..., HttpResponse]:
        answering: Callable[..., Any] = _answering(method, dialog) if dialog else method
        return theme_action(description=description, permissions=[permission], icon=icon, dialog=dialog)(answering)

    return make


def _answering(method: Callable[..., HttpResponse | None], dialog: Texts) -> Callable[..., HttpResponse]:
    @wraps(method)
    def answer(page: Any, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse:
        try:
            done = method(page, request, form, object_id)
        except Refused as refused:
            form.add_refusal(refused.refusal)
            done = None
        return done or render(request, "unfold/helpers/dialog.html", {"dialog": dialog, "form": form})

    return answer
