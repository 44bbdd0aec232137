"""Is a number typed right? Check digits by Luhn (ISO/IEC 7812-1, annex B)."""


def digit(body: str) -> str:
    """The check digit that belongs behind the digits `body`."""
    total = 0
    for position, char in enumerate(reversed(body)):
        value = int(char) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def is_valid(number: str) -> bool:
    """Whether `number` is all digits and ends in its check digit."""
    return len(number) > 1 and number.isascii() and number.isdigit() and digit(number[:-1]) == number[-1]
