"""Which names has a spreadsheet altered, so that nobody knows what they were?"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from loyalty_site.lib.refusals import Refusal

#: 4.00638E+12 of 4006381333931; what a formula gives that went wrong; a number in a column that is too narrow.
#: Without a sign of the exponent, as programs in Java write it, only where there is a fraction: 1E5 may be a name.
_ALTERED = re.compile(
    r"'?[+-]?\d([.,]\d*)?[Ee] ?[+-]\d{1,3}([.,]0+)?|'?[+-]?\d[.,]\d+[Ee]\d{1,3}"
    r"|#(N/A|NV|REF!|VALUE!|NAME\?|NULL!|NUM!|DIV/0!)|#{3,}",
    re.ASCII,
)


def altered(values: Mapping[str, str], names: Iterable[str]) -> Iterator[Refusal]:
    """A Refusal for each of `names` of which a spreadsheet has left a number, an error or nothing."""
    for name in names:
        text = values.get(name, "")
        if not text.isascii():
            text = unicodedata.normalize("NFKC", text)
        if text and text[0] in "#'+-0123456789" and _ALTERED.fullmatch(text):
            detail = (
                f"“{text[:40]}” is what a spreadsheet made of the {name}: export the file again, and import it "
                "without opening it in a spreadsheet, or format the column as text there."
            )
            yield Refusal("altered_by_spreadsheet", detail, field=name)
