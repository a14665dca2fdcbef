"""What crmkit itself does through its own hooks; each can be replaced or disabled by its name."""

from crmkit.plugins.builtin.numbering import YearlyNumbers

BUILTIN: tuple[type[object], ...] = (YearlyNumbers,)

__all__ = ["BUILTIN", "YearlyNumbers"]
