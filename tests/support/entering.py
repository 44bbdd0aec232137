"""How do tests enter a purchase as staff do?"""

ADD = "/admin/transactions/journal/add/"


def form_of(member, **more):
    """What the form of a purchase without lines sends."""
    lines = {"lines-TOTAL_FORMS": "0", "lines-INITIAL_FORMS": "0"}
    return {
        "member": member.pk,
        "activity": "purchase",
        "amount": "46.90",
        "external_id": "receipt-1",
        "channel": "store",
    } | (lines | more)
