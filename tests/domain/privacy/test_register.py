"""The register of processing: every entity that keeps something about people, with its reasons."""

from uuid import uuid4

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.custom_fields import CustomField, CustomFieldId, FieldKind
from crmkit.domain.entity import entity, spec_of
from crmkit.domain.parties.contact import Contact, ContactId
from crmkit.domain.privacy.register import register_as_markdown, register_of_processing
from crmkit.domain.privacy.terms import DataClass
from crmkit.work.departments import ENTITIES


@entity("visit", labels={"en": "Visit", "zh": "拜访"})
@attrs.frozen(kw_only=True)
class Visit(Aggregate):
    """A vendor's entity about a person, without a declaration."""

    contact_id: ContactId
    remark: str | None = None


def test_the_register_lists_who_keeps_what() -> None:
    """Entities about people are in it, each with its classes; others are not."""
    entries = {entry.entity: entry for entry in register_of_processing(map(spec_of, ENTITIES))}
    assert {"contact", "customer", "lead", "user", "activity"} <= entries.keys()
    assert not {"product", "pipeline", "deal"} & entries.keys()
    assert "birthday" in entries["contact"].fields[DataClass.PERSONAL]
    assert entries["customer"].needs_assessment
    assert entries["contact"].needs_consent_in_china
    assert not entries["lead"].needs_consent_in_china


def test_an_undeclared_entity_is_in_the_register_without_reasons() -> None:
    """It says that something is missing, in both languages."""
    [entry] = register_of_processing([spec_of(Visit)])
    assert (entry.is_declared, entry.purpose) == (False, None)
    assert "not declared" in register_as_markdown([entry])
    assert "| 拜访 |" in register_as_markdown([entry], "zh")


def test_a_tenants_own_fields_are_in_the_register() -> None:
    """A custom field is listed under its class, personal when it says nothing on a person."""
    field = CustomField(
        id=CustomFieldId(uuid4()), entity="contact", key="hobby", kind=FieldKind.TEXT
    )
    health = field.replaced(key="allergy", data_class=DataClass.SENSITIVE)
    size = field.replaced(key="size", data_class=DataClass.PLAIN)
    [entry] = register_of_processing([spec_of(Contact)], {"contact": [field, health, size]})
    assert "custom.hobby" in entry.fields[DataClass.PERSONAL]
    assert entry.fields[DataClass.SENSITIVE] == ("custom.allergy",)
    assert not any("custom.size" in names for names in entry.fields.values())
    assert entry.needs_assessment


def test_the_page_names_both_laws() -> None:
    """The page has a row per entity, with the articles, in English and in Chinese."""
    entries = register_of_processing(map(spec_of, ENTITIES))
    english, chinese = register_as_markdown(entries), register_as_markdown(entries, "zh")
    assert english.startswith("# Register of processing\n")
    assert english.count("\n") == len(entries) + 4
    assert "GDPR 6(1)(f); under PIPL ask for consent" in english
    assert "365 days after closed_at, then erase the person" in english
    assert "个人信息处理活动记录" in chinese
    assert "closed_at 后 365 天，删除个人信息" in chinese
