"""What becomes of quotes: approved, sent, shared, accepted, declined, withdrawn."""

from datetime import datetime

from crmkit.domain.access.acting import Right
from crmkit.domain.sales.quote import Quote, QuoteId, QuoteVersionId
from crmkit.domain.sales.quote_version import Acceptance, QuoteVersion, VersionStatus
from crmkit.domain.sales.share_link import read_share_link, sign_share_link
from crmkit.errors import NotPermitted
from crmkit.ports import Action
from crmkit.services.sales.quote_approvals import approved_by_flow
from crmkit.services.sales.quotes import versions_of
from crmkit.work import UnitOfWork

APPROVE_QUOTE = Action(
    "quote:approve", "Approve a version of a quote", zh="批准报价", right=Right.APPROVE
)
SEND_QUOTE = Action("quote:send", "Send a version of a quote", zh="发送报价", right=Right.EDIT)
SHARE_QUOTE = Action(
    "quote:share", "Share a version of a quote by a link", zh="分享报价链接", right=Right.SHARE
)
ACCEPT_QUOTE = Action(
    "quote:accept", "Note that a quote was accepted", zh="接受报价", right=Right.EDIT
)
DECLINE_QUOTE = Action(
    "quote:decline", "Note that a quote was declined", zh="拒绝报价", right=Right.EDIT
)
WITHDRAW_QUOTE = Action("quote:withdraw", "Take a quote back", zh="撤回报价", right=Right.EDIT)


def approve_version(
    work: UnitOfWork, version_id: QuoteVersionId, *, note: str = ""
) -> QuoteVersion:
    """Approve exactly what a version says; the actor plays every role that it asks for."""
    version = work.quote_versions.get(version_id)
    work.permit(APPROVE_QUOTE, on=version)
    missing = [role for role in version.approver_roles if role not in work.roles]
    if missing:
        raise NotPermitted(
            f"is to be approved by {', '.join(missing)}",
            path="quote_version.approval",
            fix="let one who has the role approve it",
        )
    return work.quote_versions.save(version.approve(by=work.actor.id, at=work.now, note=note))


def send_version(work: UnitOfWork, version_id: QuoteVersionId) -> QuoteVersion:
    """Note that a version goes to the customer; refused when it is expired or not approved.

    What an approval flow granted counts where those who said yes play every role that is asked for.
    """
    version, quote = _version(work, version_id)
    work.permit(SEND_QUOTE, on=version)
    quote.must_be_open()
    version = approved_by_flow(work, version)
    return work.quote_versions.save(version.send(at=work.now, today=quote.day_of(work.now)))


def accept_version(
    work: UnitOfWork, version_id: QuoteVersionId, *, by: str, **evidence: str
) -> Quote:
    """Close a quote by the version that a customer accepted; all others are closed with it.

    `evidence` may be the `content_hash` that the customer saw, the `address` it came from, the
    `signature` and `via` what it came.
    """
    version, quote = _version(work, version_id)
    work.permit(ACCEPT_QUOTE, on=version)
    quote.must_be_open()
    told = {"content_hash": version.content_hash, **evidence}
    accepted = version.accept(Acceptance(by=by, at=work.now, **told), today=quote.day_of(work.now))
    head = quote.accept(version.id, version.totals.gross, at=work.now)
    _close_versions(work, quote, but=version.id)
    work.quote_versions.save(accepted)
    return work.quotes.save(head)


def decline_quote(work: UnitOfWork, quote_id: QuoteId, *, reason: str = "") -> Quote:
    """Close a quote that the customer does not want."""
    quote = work.quotes.get(quote_id)
    work.permit(DECLINE_QUOTE, on=quote)
    declined = quote.decline(reason, at=work.now)
    _close_versions(work, quote)
    return work.quotes.save(declined)


def withdraw_quote(work: UnitOfWork, quote_id: QuoteId, *, reason: str = "") -> Quote:
    """Take a quote back; nothing of it can be accepted, and its links show nothing."""
    quote = work.quotes.get(quote_id)
    work.permit(WITHDRAW_QUOTE, on=quote)
    withdrawn = quote.withdraw(reason, at=work.now)
    _close_versions(work, quote)
    return work.quotes.save(withdrawn)


def share_version(
    work: UnitOfWork, version_id: QuoteVersionId, *, until: datetime, secret: bytes
) -> str:
    """Return the text of a link that shows a version until an instant; it counts as sent."""
    version = work.quote_versions.get(version_id)
    work.permit(SHARE_QUOTE, on=version)
    send_version(work, version_id)
    return sign_share_link(version_id, until=until, tenant=work.tenant, secret=secret)


def open_shared(work: UnitOfWork, link: str, *, secret: bytes) -> QuoteVersion:
    """Return the version that a link shows, or raise why it shows none.

    Raises `ShareLinkInvalid`, `ShareLinkExpired`, or `VersionIsOver` when something took its place.
    """
    version_id = read_share_link(link, now=work.now, tenant=work.tenant, secret=secret)
    version = work.quote_versions.get(version_id)
    if version.status is not VersionStatus.ACCEPTED:
        version.must_be_live()
    version.must_be_sent()
    return version


def _version(work: UnitOfWork, version_id: QuoteVersionId) -> tuple[QuoteVersion, Quote]:
    version = work.quote_versions.get(version_id)
    return version, work.quotes.get(version.quote_id)


def _close_versions(work: UnitOfWork, quote: Quote, *, but: QuoteVersionId | None = None) -> None:
    live = (VersionStatus.DRAFT, VersionStatus.SENT)
    work.quote_versions.save_many(
        version.close(at=work.now)
        for version in versions_of(work, quote.id)
        if version.status in live and version.id != but
    )
