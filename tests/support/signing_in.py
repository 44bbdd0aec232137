"""How do tests try a password, from wherever they like?"""

LOGIN = "/admin/login/"


def attempt(client, name, password, address="203.0.113.7", **headers):
    """What the sign-in page answers to one try; `headers` with _ for -."""
    form = {"username": name, "password": password, "next": "/admin/"}
    sent = {header.replace("_", "-"): value for header, value in headers.items()}
    return client.post(LOGIN, form, REMOTE_ADDR=address, headers=sent)
