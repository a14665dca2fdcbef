"""The ready role of support: it may do what the services of support ask for by name."""

from crmkit.domain.access.role_sets import STANDARD
from crmkit.ports import Action
from crmkit.services.support import article_uses, articles, complaints, correcting, surveys

JOBS = {"complaint:redate"}
"""What the program does by itself."""


def test_support_may_do_every_deed_with_complaints_surveys_and_articles() -> None:
    """An action without a right is granted by its name alone, so none is left out."""
    modules = (article_uses, articles, complaints, correcting, surveys)
    deeds = {
        one.name
        for module in modules
        for one in vars(module).values()
        if isinstance(one, Action) and one.right is None
    }
    granted = {name for one in STANDARD.grants if one.role == "support" for name in one.actions}
    assert len(deeds) > 15
    assert deeds - granted == JOBS


def test_support_works_on_every_record_of_mail_and_articles() -> None:
    """Letters, addresses, messages of forms and articles are read, made and changed."""
    works = {
        one.entity for one in STANDARD.grants if one.role == "support" and "edit" in one.actions
    }
    asked = {"filed_letter", "letter_part", "mail_address", "intake_record", "complaint"}
    assert works >= asked | {"article", "article_version", "article_vote", "article_use"}
