"""The register of processing (GDPR Art. 30, PIPL 55-56): as data, and as a page to show."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from crmkit.domain.custom_fields import CustomField
from crmkit.domain.entity import EntitySpec
from crmkit.domain.privacy.keeping import keeping_of
from crmkit.domain.privacy.terms import (
    ARTICLES,
    CHINESE,
    DataClass,
    Ending,
    LegalBasis,
    Purpose,
    Retention,
)


@attrs.frozen(kw_only=True)
class Processing:
    """One entry of the register: which data, of which class, for what, on what basis, how long.

    `needs_consent_in_china` says that the basis is unknown to PIPL, `needs_assessment` that PIPL
    55 asks for an assessment of its impact, because sensitive data is kept. An entry without a
    declaration lists what has to be looked at.
    """

    entity: str
    labels: Mapping[str, str]
    fields: Mapping[DataClass, tuple[str, ...]]
    purpose: Purpose | None
    basis: LegalBasis | None
    retention: Retention | None
    is_declared: bool

    @property
    def is_about_people(self) -> bool:
        """Say whether anything personal is kept."""
        return any(kind.is_of_person for kind in self.fields)

    @property
    def needs_consent_in_china(self) -> bool:
        """Say whether the basis does not carry under PIPL."""
        return self.basis is not None and not ARTICLES[self.basis].pipl

    @property
    def needs_assessment(self) -> bool:
        """Say whether sensitive data is kept."""
        return DataClass.SENSITIVE in self.fields

    def label(self, language: str) -> str:
        """Name the entity in a language."""
        return self.labels.get(language) or self.labels.get("en") or self.entity


def register_of_processing(
    specs: Iterable[EntitySpec], custom: Mapping[str, Iterable[CustomField]] | None = None
) -> tuple[Processing, ...]:
    """Return an entry for each entity that keeps something about people, or may do so undeclared.

    `custom` gives the tenant's own fields by entity.
    """
    entries = (_entry(spec, (custom or {}).get(spec.name, ())) for spec in specs)
    return tuple(entry for entry in entries if entry.is_about_people)


def register_as_markdown(entries: Iterable[Processing], language: str = "en") -> str:
    """Write the register as a table, in English or Chinese."""
    words = _WORDS[language == CHINESE]
    head = f"| {' | '.join(words['columns'])} |"
    lines = [f"# {words['title']}", "", head, "|---" * len(words["columns"]) + "|"]
    lines += [f"| {' | '.join(_cells(entry, language, words))} |" for entry in entries]
    return "\n".join(lines) + "\n"


def class_of_custom(spec: EntitySpec, field: CustomField) -> DataClass:
    """Return the class of a tenant's own field: as it says, else personal on the entity of people.

    Numbers and choices that say nothing are personal too: on a person they tell about the person.
    """
    if field.data_class is not None:
        return field.data_class
    return keeping_of(spec).class_of("custom")


def _entry(spec: EntitySpec, custom: Iterable[CustomField]) -> Processing:
    keeping = keeping_of(spec)
    classed = {name: keeping.class_of(name) for name in spec.parts if name != "custom"}
    classed |= {f"custom.{field.key}": class_of_custom(spec, field) for field in custom}
    fields = {
        kind: tuple(name for name, found in classed.items() if found is kind)
        for kind in (DataClass.PERSONAL, DataClass.SENSITIVE, DataClass.FINANCIAL)
    }
    return Processing(
        entity=spec.name,
        labels=spec.labels,
        fields={kind: names for kind, names in fields.items() if names},
        purpose=keeping.purpose,
        basis=keeping.basis,
        retention=keeping.retention,
        is_declared=keeping.is_declared,
    )


def _cells(entry: Processing, language: str, words: Mapping[str, Any]) -> tuple[str, ...]:
    if entry.purpose is None or entry.basis is None or entry.retention is None:
        reasons: tuple[str, ...] = (words["missing"],) * 3
    else:
        articles = ARTICLES[entry.basis]
        laws = f"{articles.gdpr}; {articles.pipl or words['consent']}"
        basis = f"{words['bases'][entry.basis]} ({laws})"
        reasons = (entry.purpose.label(language), basis, _span(entry.retention, words))
    data = "; ".join(
        f"{words['classes'][kind]}: {', '.join(names)}" for kind, names in entry.fields.items()
    )
    assessment = words["assessed"] if entry.needs_assessment else ""
    return (entry.label(language), data, *reasons, assessment)


def _span(retention: Retention, words: Mapping[str, Any]) -> str:
    ending = words["endings"][retention.then]
    told: str = words["span"].format(days=retention.days, after=retention.after, ending=ending)
    return told


_WORDS: Final[tuple[Mapping[str, Any], Mapping[str, Any]]] = (
    {
        "title": "Register of processing",
        "columns": ("Records", "Data", "Purpose", "Legal basis", "Kept", "Assessment"),
        "classes": {
            DataClass.PERSONAL: "personal",
            DataClass.SENSITIVE: "sensitive",
            DataClass.FINANCIAL: "financial",
        },
        "bases": {
            LegalBasis.CONSENT: "consent",
            LegalBasis.CONTRACT: "contract",
            LegalBasis.LEGAL_DUTY: "legal duty",
            LegalBasis.LEGITIMATE_INTEREST: "legitimate interest",
            LegalBasis.EMPLOYMENT: "employment",
        },
        "endings": {Ending.ERASE_PERSON: "erase the person", Ending.DELETE: "delete"},
        "span": "{days} days after {after}, then {ending}",
        "consent": "under PIPL ask for consent",
        "assessed": "PIPL 55",
        "missing": "not declared",
    },
    {
        "title": "个人信息处理活动记录",
        "columns": ("记录", "数据", "目的", "合法性基础", "保存期限", "影响评估"),
        "classes": {
            DataClass.PERSONAL: "个人信息",
            DataClass.SENSITIVE: "敏感个人信息",
            DataClass.FINANCIAL: "财务数据",
        },
        "bases": {
            LegalBasis.CONSENT: "个人同意",
            LegalBasis.CONTRACT: "订立或履行合同",
            LegalBasis.LEGAL_DUTY: "履行法定义务",
            LegalBasis.LEGITIMATE_INTEREST: "正当利益",
            LegalBasis.EMPLOYMENT: "人力资源管理",
        },
        "endings": {Ending.ERASE_PERSON: "删除个人信息", Ending.DELETE: "删除记录"},
        "span": "{after} 后 {days} 天，{ending}",
        "consent": "适用《个保法》时须取得同意",
        "assessed": "《个保法》第五十五条",
        "missing": "未声明",
    },
)
