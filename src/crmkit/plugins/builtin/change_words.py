"""The words of the timeline: what a change did to a record, in English and Chinese."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from crmkit.domain.changes import Change, Operation
from crmkit.domain.custom_values import written
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.paths import CUSTOM
from crmkit.domain.kinds import Kind
from crmkit.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from crmkit.work import UnitOfWork

LONGEST_VALUE: Final = 60
_SILENT: Final = frozenset({"match_keys", "deleted_at"})
_DONE: Final[Mapping[str, Mapping[Operation, str]]] = {
    "en": {
        Operation.CREATED: "{entity} created",
        Operation.REMOVED: "{entity} removed",
        Operation.RESTORED: "{entity} restored",
        Operation.ERASED: "{entity} erased",
        Operation.UPDATED: "{entity} saved",
    },
    "zh": {
        Operation.CREATED: "新建{entity}",
        Operation.REMOVED: "删除{entity}",
        Operation.RESTORED: "恢复{entity}",
        Operation.ERASED: "抹除{entity}",
        Operation.UPDATED: "保存{entity}",
    },
}
_CHINESE: Final[Mapping[str, str]] = {
    "name": "名称",
    "number": "编号",
    "stage": "阶段",
    "value": "金额",
    "outcome": "结果",
    "owner_id": "负责人",
    "tags": "标签",
    "notes": "备注",
    "status": "状态",
    "source": "来源",
    "customer_id": "客户",
    "product_id": "产品",
    "pipeline_id": "管道",
    "contact_id": "联系人",
    "opened_at": "开始时间",
    "closed_at": "结束时间",
    "expected_on": "预计成交日期",
    "lost_reason": "丢单原因",
    "closed_reason": "关闭原因",
    "industry": "行业",
    "employees": "员工数",
    "annual_revenue": "年营业额",
    "address": "地址",
    "kind": "类型",
    "contact_points": "联系方式",
    "identifiers": "证件号码",
    "birthday": "生日",
    "subject": "主题",
    "body": "内容",
    "due_at": "到期时间",
    "done_at": "完成时间",
    "parent_id": "上级",
    "merged_into_id": "合并到",
    "founded_year": "成立年份",
}


class ChangeWords:
    """Tells changes as `stage: new → offer; value: 5.00 CNY → 6.00 CNY`, or `阶段：new → offer`."""

    name = "crmkit.change_words"

    @hookimpl(trylast=True)
    def tell_change(self, change: Change, language: str, work: "UnitOfWork") -> str | None:
        """Tell a change in English or Chinese; other languages are left to other plugins."""
        if language not in _DONE:
            return None
        spec = work.registry[change.entity]
        if change.operation is Operation.UPDATED:
            colon, end = ("：", "；") if language == "zh" else (": ", "; ")
            told = [
                f"{_name(spec, field, language, work)}{colon}{before} → {after}"
                for field, before, after in _differences(spec, change)
            ]
            if told:
                return end.join(told)
        return _DONE[language][change.operation].format(entity=spec.label(language))


def _differences(spec: EntitySpec, change: Change) -> Iterator[tuple[str, str, str]]:
    """Give the name of each field that differs, custom ones last, and its values as text."""
    before = change.before or {}
    for name, part in sorted(spec.parts.items(), key=lambda pair: pair[0] == CUSTOM):
        if name in _SILENT or name not in change.after:
            continue
        after = change.after[name]
        if name == CUSTOM:
            yield from _custom_differences(part.kind, before.get(name), after)
        else:
            was, now = part.parse(before.get(name)), part.parse(after)
            yield name, _shown(was, part.kind.text), _shown(now, part.kind.text)


def _custom_differences(kind: Kind, before: Any, after: Any) -> Iterator[tuple[str, str, str]]:
    was, now = kind.parse(before or {}), kind.parse(after or {})
    for key in sorted({*was, *now}):
        if was.get(key) != now.get(key):
            old, new = (_shown(values.get(key), written) for values in (was, now))
            yield f"{CUSTOM}.{key}", old, new


def _name(spec: EntitySpec, field: str, language: str, work: "UnitOfWork") -> str:
    if field.startswith(f"{CUSTOM}."):
        key = field.removeprefix(f"{CUSTOM}.")
        defined = work.custom_fields(spec).get(key)
        return key if defined is None else defined.label(language)
    plain = field.removesuffix("_id").replace("_", " ")
    return _CHINESE.get(field, plain) if language == "zh" else plain


def _shown(value: Any, write: Callable[[Any], str]) -> str:
    text = "" if value is None else " ".join(write(value).split())
    return f"{text[: LONGEST_VALUE - 1]}…" if len(text) > LONGEST_VALUE else text or "–"
