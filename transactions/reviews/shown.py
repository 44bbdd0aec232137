"""Who was shown to somebody who decides? Keys as a short text, for a form and for what is not done yet."""

import base64
import binascii
import zlib
from collections.abc import Iterable
from itertools import accumulate

#: So many characters are unpacked at most, whatever somebody sends: the keys of some millions.
LONGEST = 16_000_000


def pack(keys: Iterable[int]) -> str:
    """Keys as a short text, for a form that remembers who was shown."""
    ordered = sorted(keys)
    steps = [after - before for before, after in zip([0, *ordered], ordered, strict=False)]
    return base64.b64encode(zlib.compress(",".join(map(str, steps)).encode())).decode()


def unpack(text: str) -> list[int]:
    """The keys that were packed. Raises ValueError for any other text."""
    unzip = zlib.decompressobj()
    try:
        steps = unzip.decompress(base64.b64decode(text, validate=True), LONGEST).decode()
    except (binascii.Error, zlib.error, ValueError) as error:
        raise ValueError("That is no list of keys.") from error
    if not unzip.eof:
        raise ValueError("That is no list of keys, or a longer one than there can be.")
    return list(accumulate(int(step) for step in steps.split(",") if step))
