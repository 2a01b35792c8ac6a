"""Arguments that count something."""


def whole_number(name: str, value: object, *, of: str, least: int = 1) -> int:
    """
    Check an argument.

    Args:
        name: The argument's.
        value: What was given.
        of: What it counts, in the plural.
        least: What makes sense at least.

    Raises:
        TypeError: It is no int.
        ValueError: It is less.

    >>> whole_number("attempts", 0, of="writes")
    Traceback (most recent call last):
    ValueError: attempts is a number of writes, 1 or more, got 0
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is a number of {of}, not {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name} is a number of {of}, {least} or more, got {value}")
    return value
