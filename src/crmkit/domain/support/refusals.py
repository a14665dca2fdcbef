"""What support refuses, in the words of a person."""

from crmkit.errors import RuleBroken


class TicketFinished(RuleBroken):
    """The ticket is resolved, closed or cancelled."""


class TicketNotFinished(RuleBroken):
    """The ticket is still worked on."""


class TicketWasMerged(RuleBroken):
    """The ticket leads to another one."""


class TicketNotMerged(RuleBroken):
    """The ticket stands by itself."""


class NoSuchMove(RuleBroken):
    """A ticket does not go from that status to this one."""


class TicketHeld(RuleBroken):
    """Somebody else is writing on the ticket."""


class TicketBlocked(RuleBroken):
    """Another ticket must be finished first."""


class LinkWouldCircle(RuleBroken):
    """The link would lead from a ticket back to itself."""


class NobodyToAssign(RuleBroken):
    """No agent fits the ticket now."""


class RulesGoRound(RuleBroken):
    """Automation rules set each other off without end."""
