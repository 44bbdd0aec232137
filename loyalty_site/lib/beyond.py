"""What is said of a value that is beyond its limits? What was sent, and what is possible."""

#: A number that is longer than this is not repeated.
_SHOWN = 10**18


def number(value: object, least: int, largest: int) -> str:
    """Of a number outside of `least` to `largest`, or of what is no whole number."""
    wanted = f"Send a whole number from {least:,} to {largest:,}."
    if type(value) is not int or abs(value) > _SHOWN:
        return wanted
    return f"{value:,} is too {'small' if value < least else 'large'}. {wanted}"


def characters(count: int, most: int) -> str:
    """Of a text with more than `most` characters."""
    return f"These are {count:,} characters; at most {most:,} are possible."


def items(count: int, most: int) -> str:
    """Of a list with more than `most` items."""
    return f"These are {count:,} items; at most {most:,} are possible here."
