"""How does a test fill in the pages of the admin as a person in a browser does? By what stands on them.

A page is read as HTML: what its form would send back, what its lists offer, and the empty rows that a browser copies
when somebody adds one. Fields are named as they are on the page; what is chosen is named by the words that are shown.
"""

from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

from django.apps import apps
from django.urls import resolve, reverse

from loyalty_site.lib.panels import address_of

#: In the names of the fields of an empty row stands this where a row has its number.
_BLANK = "__prefix__"


class Field:
    """One input, text or list of a page: what it would send, and of a list {words: value} of what it offers."""

    def __init__(self, kind, attributes):
        self.kind, self.attributes = kind, attributes
        self.values, self.offered, self.is_multiple = [], {}, "multiple" in attributes


class Page(HTMLParser):
    """The form of one page of a model."""

    def __init__(self, text, form):
        super().__init__()
        self.form, self.fields = form, {}
        self._is_inside, self._open, self._option, self._words = False, None, None, ""
        self.feed(text)
        assert self.fields, f"the page has no form {form}"

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        if tag == "form":
            self._is_inside = said.get("id") == self.form
        elif self._is_inside and said.get("name") and tag in ("input", "select", "textarea"):
            self._take(tag, said)
        elif tag == "option" and self._open is not None:
            self._option, self._words = said, ""

    def handle_endtag(self, tag):
        if tag == "form":
            self._is_inside = False
        elif tag == "option" and self._option is not None:
            value = self._option.get("value", self._words.strip())
            self._open.offered[self._words.strip()] = value
            if "selected" in self._option:
                self._open.values.append(value)
            self._option = None
        elif tag in ("select", "textarea") and self._open is not None:
            if tag == "textarea":
                self._open.values = [self._words.removeprefix("\n")]
            elif not self._open.values and not self._open.is_multiple and self._open.offered:
                self._open.values = [next(iter(self._open.offered.values()))]
            self._open = None

    def handle_data(self, data):
        self._words += data

    def _take(self, tag, said):
        kind = said.get("type", "text") if tag == "input" else tag
        if kind in ("submit", "button", "image", "file"):
            return
        field = self.fields.setdefault(said["name"], Field(kind, said))
        if tag != "input":
            self._open, self._words = field, ""
        elif kind in ("checkbox", "radio"):
            field.offered[said.get("value", "on")] = said.get("value", "on")
            if "checked" in said:
                field.values.append(said.get("value", "on"))
        else:
            field.values = [said.get("value", "")]

    def data(self):
        """What the form would send back unchanged; empty rows are not sent."""
        return {name: field.values for name, field in self.fields.items() if field.values and _BLANK not in name}

    def row(self, prefix, number):
        """What a row sends that was added as the row `number`, as it is shown."""
        blank = f"{prefix}-{_BLANK}-"
        found = {
            name.replace(blank, f"{prefix}-{number}-"): field
            for name, field in self.fields.items()
            if name.startswith(blank)
        }
        assert found, f"no row can be added to {prefix}"
        self.fields |= found
        return {name: field.values for name, field in found.items() if field.values and _BLANK not in name}


class Browser:
    """Somebody who is logged in, and types."""

    def __init__(self, client):
        self.client = client

    def add(self, model, *, rows=None, where=None, **typed):
        """The row that filling in the page for a new one makes; `where` is what the link to the page says.

        `model` is like "programs.rule"; `rows` maps the name of an inline to the fields that are typed into each of
        its new rows.
        """
        app, name = model.split(".")
        known = {key: getattr(value, "pk", value) for key, value in (where or {}).items()}
        return self._add(model, f"{reverse(f'admin:{app}_{name}_add')}?{urlencode(known)}", typed, rows)

    def gift(self, promotion, **typed):
        """What a promotion gives, a rule, by the button of its page."""
        return self._add("programs.rule", self._sent_on(promotion, "add_gift"), typed)

    def limit(self, promotion, **typed):
        """A cap of a promotion, by the button of its page."""
        return self._add("programs.cap", self._sent_on(promotion, "add_limit"), typed)

    def paste_codes(self, promotion, codes):
        """Add codes to the list of a promotion, on the page that its button leads to."""
        address = self._sent_on(promotion, "add_codes")
        assert 'name="pasted"' in self.client.get(address).content.decode()
        assert self.client.post(address, {"pasted": "\n".join(codes), "add": ""}).status_code == 302

    def _sent_on(self, row, action):
        """Where a button of the page of a row leads."""
        meta = row._meta
        return self.client.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_{action}", args=[row.pk])).url

    def _add(self, model, address, typed, rows=None):
        before = self.newest(model)
        self.send(address, rows, **typed)
        made = self.newest(model)
        assert made != before
        return made

    @staticmethod
    def newest(model):
        return apps.get_model(model)._default_manager.order_by("pk").last()

    def change(self, row, *, rows=None, **typed):
        """Fill in fields of the page of a stored row, and save it."""
        self.send(address_of(row), rows, **typed)
        row.refresh_from_db()

    def send(self, address, rows=None, **typed):
        """Fill in fields of the page at `address`, and new rows of its lists, and save it."""
        _, model, _ = resolve(urlsplit(address).path).url_name.split("_")
        page = Page(self.client.get(address).content.decode(), f"{model}_form")
        data = page.data()
        for prefix, added in (rows or {}).items():
            first = int(data[f"{prefix}-TOTAL_FORMS"][0])
            for number, row in enumerate(added, first):
                data |= page.row(prefix, number)
                typed |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
            data[f"{prefix}-TOTAL_FORMS"] = [str(first + len(added))]
        for name, value in typed.items():
            data[name] = self._typed(page, name, value)
        response = self.client.post(address, data)
        assert response.status_code == 302, (address, _errors(response))

    def _typed(self, page, name, value):
        """What a field sends into which `value` was typed, or in which it was chosen."""
        assert name in page.fields, f"there is no field {name}"
        field = page.fields[name]
        if isinstance(value, bool):
            assert field.kind == "checkbox"
            return ["on"] if value else []
        if value == "" and field.kind == "checkbox":
            return []  # what is emptied, whatever it is, is off where it is a switch
        chosen = [str(one) for one in (value if isinstance(value, list) else [value])]
        if field.kind in ("select", "checkbox", "radio"):
            return [self._chosen(field, one) for one in chosen]
        assert field.kind != "hidden", f"nobody sees {name}"
        return chosen

    def _chosen(self, field, words):
        if words in field.values:
            return words
        if "data-ajax--url" in field.attributes:
            return self._found(field, words)
        assert {words} & {*field.offered, *field.offered.values()}, f"{words} is none of {list(field.offered)}"
        return field.offered.get(words, words)

    def _found(self, field, words):
        """The key of what a field finds by typing."""
        asked = {
            "app_label": field.attributes["data-app-label"],
            "model_name": field.attributes["data-model-name"],
            "field_name": field.attributes["data-field-name"],
            "term": words,
        }
        offered = self.client.get(field.attributes["data-ajax--url"], asked).json()["results"]
        [found] = [one["id"] for one in offered if words in one["text"]]
        return found


def _errors(response):
    inlines = [inline.formset for inline in response.context["inline_admin_formsets"]]
    return [response.context["adminform"].form.errors, *[one.errors or one.non_form_errors() for one in inlines]]
