"""What Casbin's own examples decide, crmkit decides too, where it has words for their model.

Left out, since a policy of ours means nothing of the kind: rules that a later one overrules
(`priority`), everything that is not denied (`not_deny`), addresses and patterns as objects
(`ipmatch`, `glob`, `keymatch2`), and code in a rule (`eval_operator`).
"""

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.access.policy import Rules
from crmkit.domain.access.rules import ALL, Grant, Restriction, Role, Scope
from crmkit.domain.access.share import Share, ShareId
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.parties.customer import Customer, CustomerId
from crmkit.services.access import apply_policy
from crmkit.work.policies import Policies

EVERYONE, ROOT = "everyone", "root"
KINDS = {
    "basic_model": "plain",
    "basic_model_without_spaces": "plain",
    "comment_model": "plain",
    "basic_with_root_model": "root",
    "basic_without_users_model": "no users",
    "basic_without_resources_model": "no objects",
    "rbac_model": "plain",
    "rbac_with_resource_roles_model": "plain",
    "rbac_with_domains_model": "domains",
    "rbac_with_deny_model": "plain",
    "rbac_model_matcher_using_in_op_bracket": "open objects",
    "rebac_model": "shares",
    "keymatch_model": "prefixes",
    "syntax_matcher_model": "one name",
}
"""The models that ours can express, and how each differs from subject, object, action."""


@attrs.frozen
class Pair:
    """A model and a policy with what is asked of them."""

    kind: str
    lines: tuple[tuple[str, ...], ...]
    asked: tuple[dict[str, Any], ...]

    def links(self, kind: str) -> list[tuple[str, ...]]:
        """Return the lines of a kind, `p` or `g` or `g2`, without it."""
        return [line[1:] for line in self.lines if line[0] == kind]

    def about(self, domain: str) -> "Pair":
        """Return what concerns one domain, without naming it."""
        lines = [_without(line, domain) for line in self.lines if domain in line]
        asked = [
            one | {"request": _without(tuple(one["request"]), domain)}
            for one in self.asked
            if domain in one["request"]
        ]
        return Pair("plain", tuple(lines), tuple(asked))


def _without(line: tuple[str, ...], word: str) -> tuple[str, ...]:
    return tuple(one for one in line if one != word)


def read_pairs(folder: Path) -> Iterator[tuple[str, Pair]]:
    """Bring the pairs that can be expressed, each domain as one of its own."""
    asked: defaultdict[tuple[str, str | None], list[dict[str, Any]]] = defaultdict(list)
    for row in (folder / "expected.jsonl").read_text().splitlines():
        one = json.loads(row)
        asked[one["model"], one["policy"]].append(one)
    for (model, policy), requests in asked.items():
        kind = KINDS.get(Path(model).stem)
        if kind is None:
            continue
        lines = _lines(folder / policy) if policy else ()
        pair = Pair(kind, tuple(lines), tuple(requests))
        name = f"{Path(model).stem} with {Path(policy).stem if policy else 'no policy'}"
        if kind == "domains":
            for domain in ("domain1", "domain2"):
                yield f"{name} in {domain}", pair.about(domain)
        else:
            yield name, pair


def _lines(path: Path) -> Iterator[tuple[str, ...]]:
    for line in csv.reader(path.read_text().splitlines(), skipinitialspace=True):
        if line:
            yield tuple(word.strip() for word in line)


def rules_of(pair: Pair) -> Rules:
    """Say a policy of Casbin in our words."""
    grants, bars, names = [], [], {EVERYONE, ROOT}
    for line in pair.links("p"):
        who, what, deeds, effect = _parts(pair.kind, line)
        names.add(who)
        given = {"role": who, "entity": "customer", "actions": deeds, "condition": what}
        if effect == "deny":
            bars.append(Restriction(**given))
        elif pair.kind != "shares":
            grants.append(Grant(scope=Scope.ALL, **given))
    if pair.kind in ("root", "one name"):
        grants.append(Grant(role=ROOT, entity=ALL, actions=(ALL,), scope=Scope.ALL))
    if pair.kind == "open objects":
        for name in ("data2", "data3"):
            every = {"entity": "customer", "actions": (ALL,), "scope": Scope.ALL}
            grants.append(Grant(role=EVERYONE, condition=_is(name), **every))
    plays: defaultdict[str, list[str]] = defaultdict(list)
    for link in pair.links("g") if pair.kind != "shares" else ():
        plays[link[0]].append(link[1])
        names |= set(link)
    roles = tuple(Role(name=name, includes=tuple(plays[name])) for name in sorted(names))
    return Rules(roles=roles, grants=tuple(grants), restrictions=tuple(bars))


def _parts(kind: str, line: tuple[str, ...]) -> tuple[str, Any, tuple[str, ...], str]:
    match kind, line:
        case "no users", (what, deed):
            return EVERYONE, _is(what), (deed,), "allow"
        case "no objects", (who, deed):
            return who, None, (deed,), "allow"
        case "prefixes", (who, what, deeds):
            return who, _begins(what), tuple(deeds.strip("()").split(")|(")), "allow"
        case _, (who, what, deed, *effect):
            return who, _is(what), (deed,), effect[0] if effect else "allow"
    raise AssertionError(line)


def _is(name: str) -> Any:
    """Say that an object has this name, or is in the group of this name."""
    named = {"field": "name", "op": "eq", "value": name}
    return {"any": [named, {"field": "tags", "op": "has_any", "value": [name]}]}


def _begins(name: str) -> Any:
    if not name.endswith("*"):
        return _is(name)
    return {"field": "name", "op": "starts_with", "value": name.removesuffix("*")}


def furnish(free: CRM, tenant: str, pair: Pair) -> dict[str, Customer]:
    """Write the policy, a user for each subject, a customer for each object; return these."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for thing, group in pair.links("g2"):
        groups[thing].append(group)
    with free.work(by="setup", tenant=tenant) as work:
        rules = rules_of(pair)
        apply_policy(work, rules)
        users, things = {}, {}
        for who, what in {_asked(pair.kind, one["request"])[:2] for one in pair.asked}:
            if who not in users:
                roles = [EVERYONE, *(one.name for one in rules.roles if one.name == who)]
                roles += [ROOT] if who == "a.p.p.l.e" else []
                users[who] = work.users.add(
                    User(id=UserId(work.new_id()), name=who, login=who, roles=tuple(roles))
                )
            if what not in things:
                thing = Customer(id=CustomerId(work.new_id()), name=what, tags=tuple(groups[what]))
                things[what] = work.customers.add(thing)
        for who, what, _role in pair.links("g") if pair.kind == "shares" else ():
            work.shares.add(
                Share(
                    id=ShareId(work.new_id()),
                    entity="customer",
                    record_id=things[what].id,
                    grantee=f"user:{users[who].id}",
                    reason="works on it",
                )
            )
    return things


def _asked(kind: str, request: list[str]) -> tuple[str, str, str]:
    if kind == "no users":
        return "somebody", request[0], request[1]
    if kind == "no objects":
        return request[0], "something", request[1]
    who, what, deed = request
    return who, what, deed


def test_casbin_decides_alike(shared: Path, figure: Callable[[str], None]) -> None:
    """Each request of Casbin's examples has the answer that Casbin's own tests expect."""
    pairs = dict(read_pairs(shared / "corpora" / "casbin"))
    decisions = 0
    with CRM.open("memory:", plugin_names=()) as free:
        guarded = CRM(free.storage, access=Policies())
        for number, (name, pair) in enumerate(pairs.items()):
            things = furnish(free, f"t{number}", pair)
            for one in pair.asked:
                who, what, deed = _asked(pair.kind, one["request"])
                with guarded.work(by=who, tenant=f"t{number}", read_only=True) as work:
                    sight = work.sight(Customer)
                    assert sight is not None
                    assert sight.may((deed,), things[what]) == one["allow"], (name, one)
                decisions += 1
    assert len(pairs) >= 18
    figure(f"casbin: {decisions} decisions of {len(pairs)} pairs agree")


@pytest.mark.parametrize("kind", sorted(set(KINDS.values())))
def test_every_kind_of_pair_is_there(shared: Path, kind: str) -> None:
    """No translation goes unused: each kind is asked something, and not always answered alike."""
    found = [pair for _, pair in read_pairs(shared / "corpora" / "casbin") if pair.kind == kind]
    if kind == "domains":
        assert found == []  # each domain became a tenant of its own
    else:
        assert {one["allow"] for pair in found for one in pair.asked} == {True, False}
