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


class NoSuchStep(RuleBroken):
    """A complaint does not come to that stage from where it stands."""


class NotIndependent(RuleBroken):
    """Somebody would judge a matter of their own."""


class FindingsMissing(RuleBroken):
    """Nobody has written down yet what was found."""


class RemedyNotPromised(RuleBroken):
    """No such remedy is waiting to be delivered."""


class RemedyNotDelivered(RuleBroken):
    """A remedy was promised and is not delivered yet."""


class NoSuchCorrection(RuleBroken):
    """The complaint has no such corrective action that waits for this."""


class AlreadyRated(RuleBroken):
    """The complainant has said before how content they are."""


class NotAsked(RuleBroken):
    """Nobody waits for an answer to this survey."""


class LetterNotWhole(RuleBroken):
    """The letter was too large to be kept; only its head was."""


class AddressNotReached(RuleBroken):
    """Letters to this address were reported not to arrive, for good."""


class LetterIsOurs(RuleBroken):
    """Only a letter that came in is put under a ticket."""


class NoSuchArticleStep(RuleBroken):
    """The article does not come there from where it stands."""
