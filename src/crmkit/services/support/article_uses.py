"""Articles in use: whether they helped their readers, and in which tickets they were used."""

import attrs

from crmkit.domain.filters.where import where
from crmkit.domain.support.article import (
    ArticleId,
    ArticleUse,
    ArticleUseId,
    ArticleVote,
    ArticleVoteId,
    UseKind,
)
from crmkit.domain.support.ticket_events import TicketId
from crmkit.ports import Action
from crmkit.services.support.tickets import find_ticket
from crmkit.work import UnitOfWork

VOTE_ON_ARTICLE = Action("article:vote", "Say whether an article helped", zh="评价文章")
USE_ARTICLE = Action("article:use", "Use an article in a ticket", zh="引用文章")


@attrs.frozen(kw_only=True)
class Helpfulness:
    """How many readers a version helped, and how many it did not."""

    number: int
    helpful: int = 0
    unhelpful: int = 0


def vote_on_article(
    work: UnitOfWork,
    article_id: ArticleId,
    voter: str,
    *,
    is_helpful: bool,
    comment: str | None = None,
) -> ArticleVote:
    """Keep whether what is published helped a reader; their second vote replaces the first."""
    article = work.articles.get(article_id)
    work.permit(VOTE_ON_ARTICLE, on=article)
    number, vote = article.readable(), where(ArticleVote)
    mine = vote.article_id.eq(article_id) & vote.number.eq(number) & vote.voter.eq(voter)
    known = work.article_votes.first(mine)
    if known is not None:
        return work.article_votes.save(known.evolve(is_helpful=is_helpful, comment=comment))
    new = ArticleVote(
        id=ArticleVoteId(work.new_id()),
        article_id=article_id,
        number=number,
        voter=voter,
        is_helpful=is_helpful,
        comment=comment,
    )
    return work.article_votes.add(new)


def helpfulness_of(work: UnitOfWork, article_id: ArticleId) -> list[Helpfulness]:
    """Return how each version was judged, the newest first."""
    article, vote = work.articles.get(article_id), where(ArticleVote)
    votes = list(work.article_votes.stream(vote.article_id.eq(article.id)))
    counted = (
        (number, [one.is_helpful for one in votes if one.number == number])
        for number in range(article.number, 0, -1)
    )
    return [
        Helpfulness(number=number, helpful=sum(told), unhelpful=len(told) - sum(told))
        for number, told in counted
    ]


def use_article(
    work: UnitOfWork, ticket_id: TicketId, article_id: ArticleId, kind: UseKind = UseKind.ANSWERED
) -> ArticleUse:
    """Note that an article was suggested for a ticket, or answered it."""
    ticket, article = find_ticket(work, ticket_id), work.articles.get(article_id)
    work.permit(USE_ARTICLE, on=article)
    use = where(ArticleUse)
    same = use.ticket_id.eq(ticket.id) & use.article_id.eq(article_id)
    known = work.article_uses.first(same)
    if known is not None:
        return work.article_uses.save(known.evolve(kind=kind, number=article.readable()))
    new = ArticleUse(
        id=ArticleUseId(work.new_id()),
        article_id=article_id,
        ticket_id=ticket.id,
        number=article.readable(),
        kind=kind,
    )
    return work.article_uses.add(new)


def articles_of(work: UnitOfWork, ticket_id: TicketId) -> list[ArticleUse]:
    """Return the articles that were suggested for a ticket or answered it."""
    ticket, use = find_ticket(work, ticket_id), where(ArticleUse)
    return work.article_uses.find(use.ticket_id.eq(ticket.id), order=[use.id.asc()])
