"""Articles on every store: versions, review by others, audiences, translations, votes and uses."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from crmkit.domain.support.article import (
    Article,
    ArticleState,
    ArticleVersion,
    Audience,
    UseKind,
)
from crmkit.domain.support.refusals import NoSuchArticleStep, NotIndependent
from crmkit.errors import Duplicate, InvalidValue, NotFound
from crmkit.services.support import article_uses, articles, tickets
from tests.services.support.conftest import Desk

SEAL = {"title": "How to change the seal", "body": "Close the valve. Change the seal YB-7."}
SEAL_ZH = {"title": "更换密封圈", "body": "先关闭阀门,再更换密封圈。"}
LATER = date(2026, 9, 1)


def by(desk: Desk, who: str, service: Any, *args: Any, **fields: Any) -> Any:
    """Let somebody run a service."""
    return desk.crm.run(service, *args, by=who, tenant=desk.tenant, attempts=50, **fields)


def written(desk: Desk, key: str = "seal", locale: str = "en", **fields: Any) -> Article:
    """Let Li write an article."""
    return by(desk, "li", articles.write_article, key, locale, **{**SEAL, **fields})


def publish(desk: Desk, article: Article) -> Article:
    """Submit an article and let Wang agree to it."""
    by(desk, "li", articles.submit_article, article.id)
    return by(desk, "wang", articles.publish_article, article.id, review_by=LATER)


def test_an_article_is_read_once_somebody_else_agrees(desk: Desk) -> None:
    """Nobody reads a draft; its author cannot publish it; who did, and until when, is kept."""
    article = written(desk, audience=Audience.PUBLIC)
    with pytest.raises(NotFound):
        by(desk, "eve", articles.read_article, "seal", "en")
    with pytest.raises(NoSuchArticleStep):
        by(desk, "wang", articles.publish_article, article.id, review_by=LATER)
    by(desk, "li", articles.submit_article, article.id)
    with pytest.raises(NotIndependent):
        by(desk, "li", articles.publish_article, article.id, review_by=LATER)
    with pytest.raises(InvalidValue):
        by(desk, "wang", articles.publish_article, article.id, review_by=date(2026, 3, 2))
    done = by(desk, "wang", articles.publish_article, article.id, review_by=LATER, remark="好")
    assert by(desk, "eve", articles.read_article, "seal", "en") == done
    assert (done.title, done.published, done.review_by) == (SEAL["title"], 1, LATER)
    (version,) = _versions(desk, article.id)
    assert (version.written_by, version.reviewed_by, version.remark) == ("li", "wang", "好")


def test_readers_keep_the_published_version_until_the_next_is(desk: Desk) -> None:
    """A revision is a version of its own; sent back it says why; all versions stay as they were."""
    article = publish(desk, written(desk, audience=Audience.PUBLIC))
    by(desk, "li", articles.revise_article, article.id, title="Seal", body="New words")
    assert by(desk, "eve", articles.read_article, "seal", "en").body == SEAL["body"]
    by(desk, "li", articles.submit_article, article.id)
    with pytest.raises(NoSuchArticleStep):
        by(desk, "li", articles.revise_article, article.id, title="x", body="y")
    back = by(desk, "wang", articles.send_back_article, article.id, "which valve?")
    assert (back.state, back.published) == (ArticleState.DRAFT, 1)
    by(desk, "li", articles.revise_article, article.id, title="Seal", body="The red valve")
    assert publish(desk, article).body == "The red valve"
    assert [(one.number, one.body, one.remark) for one in _versions(desk, article.id)] == [
        (1, SEAL["body"], None),
        (2, "New words", "which valve?"),
        (3, "The red valve", None),
    ]
    by(desk, "li", articles.archive_article, article.id)
    with pytest.raises(NotFound):
        by(desk, "eve", articles.read_article, "seal", "en")


def test_each_audience_reads_its_own(desk: Desk) -> None:
    """What is for others is not found, neither by its key nor by its words."""
    for audience in Audience:
        publish(desk, written(desk, str(audience), audience=audience))
    for audience, keys in [
        (Audience.PUBLIC, ["public"]),
        (Audience.CUSTOMERS, ["customers", "public"]),
        (Audience.INTERNAL, ["customers", "internal", "public"]),
    ]:
        found = by(desk, "eve", articles.search_articles, "SEAL valve", audience=audience)
        assert sorted(one.key for one in found) == keys
    with pytest.raises(NotFound):
        by(desk, "eve", articles.read_article, "internal", "en", audience=Audience.CUSTOMERS)


def test_words_in_the_title_come_first(desk: Desk) -> None:
    """Case and width make no difference; every word must be there; blanks mean nothing."""
    publish(desk, written(desk, "b", title="Oil", body="change the SEAL first"))
    publish(desk, written(desk, "a", title="Seal", body="x"))
    publish(desk, written(desk, "zh", "zh", **SEAL_ZH))

    def found(text: str, **more: Any) -> list[str]:
        more = {"audience": Audience.INTERNAL, **more}
        return [one.key for one in by(desk, "eve", articles.search_articles, text, **more)]

    assert found("ｓｅａｌ") == ["a", "b"]
    assert found("seal oil") == ["b"]
    assert found("密封圈", locale="zh") == ["zh"]
    assert (found("密封圈", locale="en"), found("  ")) == ([], [])


def test_a_translation_is_stale_once_its_source_moves_on(desk: Desk) -> None:
    """It is read all the same, told as due, and fresh again when it renders the new version."""
    source = publish(desk, written(desk, audience=Audience.PUBLIC))
    rendered = {**SEAL_ZH, "source_id": source.id, "audience": Audience.PUBLIC}
    chinese = publish(desk, written(desk, locale="zh", **rendered))
    assert (chinese.is_stale, chinese.source_number) == (False, 1)
    by(desk, "li", articles.revise_article, source.id, title="Seal", body="The red valve")
    publish(desk, source)
    stale = by(desk, "eve", articles.read_article, "seal", "fr", "zh", "en")
    assert (stale.id, stale.is_stale) == (chinese.id, True)
    due = by(desk, "wang", articles.articles_due, date(2026, 3, 3))
    assert [one.id for one in due] == [chinese.id]
    by(desk, "li", articles.revise_article, chinese.id, title="密封圈", body="红色阀门")
    assert publish(desk, chinese).is_stale is False


def test_a_review_falls_due_and_is_put_off(desk: Desk) -> None:
    """On its day the article is found, until somebody says that it still holds."""
    article = publish(desk, written(desk))
    assert by(desk, "wang", articles.articles_due, date(2026, 8, 31)) == []
    assert [one.id for one in by(desk, "wang", articles.articles_due, LATER)] == [article.id]
    by(desk, "wang", articles.confirm_article, article.id, review_by=date(2027, 1, 1))
    assert by(desk, "wang", articles.articles_due, LATER) == []


def test_votes_belong_to_a_version(desk: Desk) -> None:
    """One reader has one vote on each; the next version begins at nothing."""
    article = publish(desk, written(desk))
    for voter, helped in [("a", False), ("b", True), ("a", True), ("c", False)]:
        by(desk, "eve", article_uses.vote_on_article, article.id, voter, is_helpful=helped)
    by(desk, "li", articles.revise_article, article.id, title="Seal", body="new")
    publish(desk, article)
    more = {"is_helpful": True, "comment": "谢谢"}
    by(desk, "eve", article_uses.vote_on_article, article.id, "a", **more)
    told = by(desk, "li", article_uses.helpfulness_of, article.id)
    assert [(one.number, one.helpful, one.unhelpful) for one in told] == [(2, 1, 0), (1, 2, 1)]


def test_an_article_is_used_in_a_ticket_at_its_version(desk: Desk) -> None:
    """Suggested first, it may become the answer; one that nobody can read is not used."""
    article, draft = publish(desk, written(desk)), written(desk, "draft")
    ticket = by(desk, "li", tickets.open_ticket, "漏油")
    by(desk, "li", article_uses.use_article, ticket.id, article.id, UseKind.SUGGESTED)
    use = by(desk, "li", article_uses.use_article, ticket.id, article.id)
    assert by(desk, "li", article_uses.articles_of, ticket.id) == [use]
    assert (use.kind, use.number) == (UseKind.ANSWERED, 1)
    with pytest.raises(NoSuchArticleStep):
        by(desk, "li", article_uses.use_article, ticket.id, draft.id)


def test_one_key_has_one_article_in_a_language(desk: Desk) -> None:
    """A second one is a duplicate."""
    written(desk)
    with pytest.raises(Duplicate):
        written(desk)


def test_the_words_of_a_version_never_change(desk: Desk) -> None:
    """Not even where somebody writes them past the services."""
    article = written(desk)
    (version,) = _versions(desk, article.id)
    with pytest.raises(NoSuchArticleStep), desk.work() as unit:
        unit.article_versions.save(version.evolve(body="other words"))
    assert _versions(desk, article.id) == [version]


def _versions(desk: Desk, article_id: UUID) -> list[ArticleVersion]:
    with desk.work() as unit:
        found = [one for one in unit.article_versions.find() if one.article_id == article_id]
        return sorted(found, key=lambda one: one.number)
