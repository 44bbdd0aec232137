"""What is kept of what was sent, for staff to look at? Its words without secrets; see loyalty_site/lib/shown.py."""

from loyalty_site.lib.shown import LONGEST_BODY, cut, hidden, shown, shown_answer
from partners.channels.base import Answer, Mail, Request


def request(sent: Request | Mail) -> str:
    """What leaves."""
    if isinstance(sent, Request):
        return shown(sent)
    headers = {"From": sent.sender, "To": sent.to, "Subject": sent.subject, **sent.headers}
    lines = [f"{name}: {value}" for name, value in headers.items() if value]
    return cut(hidden("\n".join([*lines, "", sent.text]), ()), LONGEST_BODY)


def answer(given: Answer, sent: Request) -> str:
    """What came back."""
    return shown_answer(given, sent)


def reason(why: object, sent: Request) -> str:
    """What went wrong, in at most 300 characters."""
    return hidden(str(why), (*sent.secrets, *(sent.basic or ())[1:]))[:300]
