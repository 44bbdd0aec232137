"""How do tests have tills post purchases while something fails? Each sends what it sells until it is acknowledged."""

import json
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from itertools import count

#: Seconds between two purchases of a till, and before it sends one again.
PAUSE_S, AGAIN_S = 0.1, 0.1
#: So long an answer may take, and a till to come to its end, in seconds.
SOON_S = 60


class Till(threading.Thread):
    """Posts purchases of 10 euros over the API, one after the other, called `name` and a number.

    `acknowledged` are those that were answered as posted, with the key of their journal; `statuses` says how often
    what was answered.
    """

    def __init__(self, name, port, key, members):
        super().__init__(name=name, daemon=True)
        self.acknowledged, self.statuses = {}, Counter()
        self._port, self._key, self._members = port, key, members
        self._is_over, self._is_given_up = threading.Event(), threading.Event()

    def run(self):
        for number in count():
            self._sell(f"{self.name}-{number}", self._members[number % len(self._members)])
            if self._is_over.wait(PAUSE_S):
                return

    def finish(self):
        """Let it come to the end of the purchase that it is at."""
        self._is_over.set()
        self.join(SOON_S)
        assert not self.is_alive(), f"{self.name} waits for an acknowledgement: {self.statuses}"

    def give_up(self):
        """Let it stop, acknowledged or not."""
        self._is_over.set()
        self._is_given_up.set()

    def _sell(self, name, member):
        while not self._is_given_up.is_set():
            status, answer = self._sent(name, member)
            self.statuses[status] += 1
            if status in (200, 201):
                self.acknowledged[name] = answer["id"]
                return
            time.sleep(AGAIN_S)

    def _sent(self, name, member):
        """(status, what was said); 0 where nobody answered."""
        sold = {
            "activity": "purchase",
            "external_id": name,
            "member": {"number": member.number},
            "amount": "10.00",
        }
        headers = {"Host": "localhost", "Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        line = HTTPConnection("127.0.0.1", self._port, timeout=SOON_S)
        try:
            line.request("POST", "/api/v1/transactions/", json.dumps(sold), headers)
            answer = line.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, HTTPException):
            return 0, None
        finally:
            line.close()


@contextmanager
def tills(many, *, port, key, members):
    """Yields so many tills at work; at the end of the block each has its last purchase acknowledged."""
    found = [Till(f"till-{number}", port, key, members) for number in range(many)]
    for one in found:
        one.start()
    try:
        yield found
        for one in found:
            one.finish()
    finally:
        for one in found:
            one.give_up()
