"""Guess a mapping from the names of the columns, to be shown before it is used."""

from collections.abc import Mapping, Sequence

from crmkit.domain.composite_kinds import Document, Documents, Labels
from crmkit.domain.entity import EntitySpec
from crmkit.domain.imports.mapping import ColumnMapping, FileMapping
from crmkit.domain.named_kinds import Identity
from crmkit.domain.text import search_key
from crmkit.errors import InvalidSettings

SYNONYMS: Mapping[str, str] = {
    "名称": "name",
    "姓名": "name",
    "客户名称": "name",
    "公司名称": "name",
    "company": "name",
    "account": "name",
    "编号": "number",
    "客户编号": "number",
    "行业": "industry",
    "sector": "industry",
    "员工人数": "employees",
    "成立年份": "founded_year",
    "生日": "birthday",
    "备注": "notes",
    "comment": "notes",
    "标签": "tags",
    "来源": "source",
    "公司": "company",
    "主题": "subject",
    "金额": "value",
    "amount": "value",
    "阶段": "stage",
}


def guess_mapping(
    spec: EntitySpec, file: str, header: Sequence[str], *, key: str | None = None
) -> FileMapping:
    """Map each column to the field of its name or synonym; columns without one are left out.

    The key is the one given, else the first unique rule whose fields are all mapped.
    """
    columns: dict[str, ColumnMapping] = {}
    for column in header:
        field = _field(spec, column)
        if field is not None and field not in columns:
            columns[field] = ColumnMapping(field=field, column=column)
    chosen = (key,) if key else _key(spec, columns)
    return FileMapping(file=file, entity=spec.name, key=chosen, columns=tuple(columns.values()))


def _field(spec: EntitySpec, column: str) -> str | None:
    name = search_key(column.strip()).replace(" ", "_").replace("-", "_")
    name = SYNONYMS.get(name, name)
    part = spec.parts.get(name)
    if part is None or name in ("id", "tenant", "version", "custom", "match_keys"):
        return None
    unreadable = isinstance(part.kind, Identity | Document | Documents | Labels)
    return None if unreadable else name


def _key(spec: EntitySpec, columns: Mapping[str, ColumnMapping]) -> tuple[str, ...]:
    for rule in spec.unique:
        if all(field in columns for field in rule.fields):
            return rule.fields
    raise InvalidSettings(
        "no unique field is among the columns",
        path="key",
        fix=f"name the field that tells records apart, one of {', '.join(columns)}",
    )
