"""How does a form of the back office tell what is wrong, wherever it was found?"""

from django import forms


class ModelForm(forms.ModelForm):
    """Shows every error of the model's `clean` and of a verb, also those of fields that are not on the form."""

    #: What a verb refused in this very request (see VerbAdmin).
    refusal = None

    def add_error(self, field, error):
        if field is None and hasattr(error, "error_dict"):
            for name, errors in error.error_dict.items():
                self.place_error(name, errors)
        else:
            super().add_error(field, error)

    def place_error(self, name, errors):
        super().add_error(name if name in self.fields else None, errors)

    def _post_clean(self):
        super()._post_clean()
        self.show_refusal()

    def show_refusal(self):
        if self.refusal and not self.refusal.field.startswith("lines["):
            self.place_error(self.refusal.field.partition(".")[0], self.refusal.detail)
