"""When may a request that was not taken be tried again?"""

import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

#: Nobody is made to wait longer than the last step of our own schedule.
LONGEST_S = 24 * 3600
#: An instant in seconds since 1970 is larger than any number of seconds that somebody waits.
_EPOCH = 1_000_000_000


def retry_after(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """Seconds that the answer with these `headers` (names in small letters) asks to wait; None where it does not say.

    `Retry-After` in seconds, also with a fraction, or as a date (RFC 9110, 10.2.3); else what limits of rates say
    about their reset, in seconds or as an instant in seconds since 1970. From 0 to LONGEST_S.
    """
    now = time.time() if now is None else now
    texts = [headers.get("retry-after", "")]
    texts += [text for name, text in headers.items() if name.endswith("ratelimit-reset")]
    for text in texts:
        seconds = _seconds(text.strip(), now)
        if seconds is not None:
            return min(max(seconds, 0.0), float(LONGEST_S))
    return None


def _seconds(text: str, now: float) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return _seconds_until(text, now)
    if not -LONGEST_S < number < 1e11:
        # Neither a wait nor an instant; "nan" and "inf" are no numbers of seconds.
        return None
    return number - now if number >= _EPOCH else number


def _seconds_until(text: str, now: float) -> float | None:
    if not text:
        return None
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        # The second is what a zone with too many digits costs.
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now


def pause_s(attempt: int) -> float:
    """Seconds to wait behind the attempt of this number, 1 the first: 1, 2, 4 ... minutes up to 24 hours (C25-R2)."""
    return float(min(60 * 2 ** (attempt - 1), LONGEST_S))


#: So often something is tried before it is given up (C25-R2).
MOST_ATTEMPTS = 12
