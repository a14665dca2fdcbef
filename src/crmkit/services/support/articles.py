"""Articles: written, reviewed, published, read by their audience, kept up to date."""

from datetime import date
from typing import Any, Final

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.tree import And, Filter, Or
from crmkit.domain.filters.where import where
from crmkit.domain.support.article import (
    Article,
    ArticleId,
    ArticleVersion,
    ArticleVersionId,
    Audience,
)
from crmkit.domain.text import MAX_NEEDLE, check_text
from crmkit.errors import NotFound, OutOfRange
from crmkit.ports import Action
from crmkit.services.drafting import draft
from crmkit.work import UnitOfWork

WRITE_ARTICLE = Action("article:write", "Write an article", zh="撰写文章", right=Right.CREATE)
REVISE_ARTICLE = Action("article:revise", "Revise an article", zh="修订文章", right=Right.EDIT)
REVIEW_ARTICLE = Action("article:review", "Review an article", zh="审核文章")
ARCHIVE_ARTICLE = Action("article:archive", "Archive an article", zh="归档文章")
READ_FOR_CUSTOMERS = Action(
    "article:read_customers", "Read articles for customers", zh="阅读客户文章"
)
READ_INTERNAL = Action("article:read_internal", "Read internal articles", zh="阅读内部文章")
_OF_AUDIENCE: Final = {
    Audience.CUSTOMERS: READ_FOR_CUSTOMERS,
    Audience.INTERNAL: READ_INTERNAL,
}
_MAX_WORDS: Final = 20


def write_article(
    work: UnitOfWork, key: str, locale: str, *, title: str, body: str, **fields: Any
) -> Article:
    """Begin an article; with `source_id` it translates what is published there now."""
    work.permit(WRITE_ARTICLE)
    article = draft(Article, ArticleId(work.new_id()), key=key, locale=locale, **fields)
    added = work.articles.add(article.revise(source_number=_rendered(work, article)))
    _write(work, added, title, body)
    return added


def revise_article(work: UnitOfWork, article_id: ArticleId, *, title: str, body: str) -> Article:
    """Write another version; readers see the published one until this one is."""
    article = work.articles.get(article_id)
    work.permit(REVISE_ARTICLE, on=article)
    revised = work.articles.save(article.revise(source_number=_rendered(work, article)))
    _write(work, revised, title, body)
    return revised


def submit_article(work: UnitOfWork, article_id: ArticleId) -> Article:
    """Ask for a review of the draft."""
    article = work.articles.get(article_id)
    work.permit(REVISE_ARTICLE, on=article)
    return work.articles.save(article.submit())


def publish_article(
    work: UnitOfWork, article_id: ArticleId, *, review_by: date, remark: str | None = None
) -> Article:
    """Agree to the version in review: it can be read; its translations may be stale now.

    `NotIndependent` for its author.
    """
    article = work.articles.get(article_id)
    work.permit(REVIEW_ARTICLE, on=article)
    version, by = _version(work, article, article.number), work.actor.id
    source = None if article.source_id is None else work.articles.get(article.source_id)
    published = article.publish(version, by=by, at=work.now, review_by=review_by, source=source)
    work.article_versions.save(version.reviewed(by, remark))
    saved = work.articles.save(published)
    _tell_translations(work, saved)
    return saved


def send_back_article(work: UnitOfWork, article_id: ArticleId, remark: str) -> Article:
    """Disagree with the version in review, and say why; `NotIndependent` for its author."""
    article = work.articles.get(article_id)
    work.permit(REVIEW_ARTICLE, on=article)
    version, by = _version(work, article, article.number), work.actor.id
    back = article.send_back(version, by=by)
    work.article_versions.save(version.reviewed(by, remark))
    return work.articles.save(back)


def confirm_article(work: UnitOfWork, article_id: ArticleId, *, review_by: date) -> Article:
    """Say that what is published still holds, until another day."""
    article = work.articles.get(article_id)
    work.permit(REVIEW_ARTICLE, on=article)
    return work.articles.save(article.confirm(by=review_by, today=work.now.date()))


def archive_article(work: UnitOfWork, article_id: ArticleId) -> Article:
    """Let nobody read an article any more; its versions stay."""
    article = work.articles.get(article_id)
    work.permit(ARCHIVE_ARTICLE, on=article)
    return work.articles.save(article.archive())


def read_article(
    work: UnitOfWork,
    key: str,
    *locales: str,
    audience: Audience = Audience.PUBLIC,
) -> Article:
    """Return what is published under a key, in the first of the locales that there is.

    One that is for others is not found, as one that is not there.
    """
    article = where(Article)
    readable = _readable(work, audience) & article.key.eq(key) & article.locale.in_(locales)
    found = {one.locale: one for one in work.articles.find(readable)}
    best = next((found[locale] for locale in locales if locale in found), None)
    if best is None:
        raise NotFound(f"there is no article {key!r}", path="article.key")
    return best


def search_articles(
    work: UnitOfWork,
    text: str,
    *,
    locale: str | None = None,
    audience: Audience = Audience.PUBLIC,
    limit: int = 20,
) -> list[Article]:
    """Return published articles that hold all the words, those in whose title they stand first.

    Case and width make no difference. A blank text means nothing.
    """
    words = check_text(text, path="text", max_length=MAX_NEEDLE).split()
    if len(words) > _MAX_WORDS:
        raise OutOfRange(f"{len(words)} words, at most {_MAX_WORDS}", path="text")
    if not words:
        return []
    article = where(Article)
    readable = _readable(work, audience)
    if locale is not None:
        readable = readable & article.locale.eq(locale)
    in_title = And(tuple(article.title.contains(word) for word in words))
    each = [Or((article.title.contains(word), article.body.contains(word))) for word in words]
    order = [article.title.asc(), article.id.asc()]
    first = work.articles.find(readable & in_title, order=order, limit=limit)
    more = work.articles.find(readable & And(tuple(each)), order=order, limit=limit)
    return list({one.id: one for one in (*first, *more)}.values())[:limit]


def articles_due(work: UnitOfWork, on: date) -> list[Article]:
    """Return the published articles whose review is due, and the stale translations."""
    article = where(Article)
    stale = article.is_stale.eq(True)  # noqa: FBT003 - the value compared with
    due = ~article.published.is_none() & (article.review_by.le(on) | stale)
    return work.articles.find(due, order=[article.review_by.asc()])


def _readable(work: UnitOfWork, audience: Audience) -> Filter:
    asked = _OF_AUDIENCE.get(audience)
    if asked is not None:
        work.permit(asked)
    article = where(Article)
    return ~article.published.is_none() & article.audience.in_(audience.reads)


def _rendered(work: UnitOfWork, article: Article) -> int | None:
    return None if article.source_id is None else work.articles.get(article.source_id).readable()


def _write(work: UnitOfWork, article: Article, title: str, body: str) -> None:
    version = ArticleVersion(
        id=ArticleVersionId(work.new_id()),
        article_id=article.id,
        number=article.number,
        title=title,
        body=body,
        written_by=work.actor.id,
    )
    work.article_versions.add(version)


def _version(work: UnitOfWork, article: Article, number: int) -> ArticleVersion:
    version = where(ArticleVersion)
    found = work.article_versions.first(
        version.article_id.eq(article.id) & version.number.eq(number)
    )
    if found is None:
        raise NotFound(f"there is no version {number}", path="article_version.number")
    return found


def _tell_translations(work: UnitOfWork, source: Article) -> None:
    mine = where(Article).source_id.eq(source.id)
    work.articles.save_many(one.grow_stale(source) for one in work.articles.find(mine))
