"""How a day is written."""

import time

__all__ = ["month_day"]

# Not strftime's, which speaks the language of the locale.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def month_day(then: time.struct_time) -> str:
    """Return a day as `Nov 18`."""
    return f"{_MONTHS[then.tm_mon - 1]} {then.tm_mday}"
