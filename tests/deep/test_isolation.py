"""No lost update and no write skew: eight workers on a few records, judged by what they saw."""

import os
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import entity
from crmkit.errors import Conflict
from crmkit.services import parties

WORKERS = 8
WORKS = 4_000 if os.environ.get("CRMKIT_FULL") == "1" else 300
RACES = 50 if os.environ.get("CRMKIT_FULL") == "1" else 6
TENANT = "isolation"


@entity("account")
@attrs.frozen(kw_only=True)
class Account(Aggregate):
    """One of two records that a rule holds together."""

    balance: int = 0
    is_primary: bool = False


@attrs.frozen
class Seen:
    """One committed work: the versions that it read of both records, and which one it wrote."""

    versions: tuple[int, int]
    written: int
    moved: int


Pair = tuple[Any, Any]
Decide = Callable[[Pair, random.Random], tuple[int, Account] | None]


def withdraw(pair: Pair, chance: random.Random) -> tuple[int, Account] | None:
    """Take from one, if together they stay above zero, or pay into one."""
    at, amount = chance.randrange(2), chance.choice((-3, -2, -1, 1, 2))
    if amount < 0 and pair[0].balance + pair[1].balance + amount < 0:
        return None
    return at, pair[at].evolve(balance=pair[at].balance + amount)


def promote(pair: Pair, chance: random.Random) -> tuple[int, Account] | None:
    """Make one primary when neither is, or step back; at most one is primary."""
    at = chance.randrange(2)
    if not pair[at].is_primary and pair[1 - at].is_primary:
        return None
    return at, pair[at].evolve(is_primary=not pair[at].is_primary)


def inside_one_work(crm: CRM, ids: Any, decide: Decide, chance: random.Random) -> Seen | None:
    """Read, decide and write in one work."""
    with crm.work(by="worker", tenant=TENANT) as work:
        accounts = work.of(Account)
        pair = (accounts.get(ids[0]), accounts.get(ids[1]))
        decided = decide(pair, chance)
        if decided is not None:
            accounts.save(decided[1])
    return _seen(pair, decided)


def in_two_works(crm: CRM, ids: Any, decide: Decide, chance: random.Random) -> Seen | None:
    """Read and decide first; later guard what was seen, and write."""
    return _two_works(crm, ids, decide, chance, guarded=True)


def without_guard(crm: CRM, ids: Any, decide: Decide, chance: random.Random) -> Seen | None:
    """Leave the guard out: what only a version check per record is worth."""
    return _two_works(crm, ids, decide, chance, guarded=False)


def _two_works(
    crm: CRM, ids: Any, decide: Decide, chance: random.Random, *, guarded: bool
) -> Seen | None:
    with crm.work(by="worker", tenant=TENANT, read_only=True) as work:
        pair = (work.of(Account).get(ids[0]), work.of(Account).get(ids[1]))
    decided = decide(pair, chance)
    time.sleep(chance.random() / 1000)
    if decided is not None:
        with crm.work(by="worker", tenant=TENANT) as work:
            if guarded:
                work.guard(pair[0])
                work.guard(pair[1])
            work.of(Account).save(decided[1])
    return _seen(pair, decided)


def _seen(pair: Pair, decided: tuple[int, Account] | None) -> Seen | None:
    if decided is None:
        return None
    at, after = decided
    return Seen((pair[0].version, pair[1].version), at, after.balance - pair[at].balance)


def run_workers(
    crm: CRM, form: Any, decide: Decide, seed: int
) -> tuple[list[Any], dict[int, list[Seen]], Counter[str]]:
    """Let the workers commit so many works on two pairs; return ids, what was seen, endings."""
    pairs = [_open_pair(crm) for _ in range(2)]
    seen: dict[int, list[Seen]] = defaultdict(list)
    endings: Counter[str] = Counter()
    lock = threading.Lock()
    broken: list[BaseException] = []

    def worker(number: int) -> None:
        chance = random.Random(seed * 1000 + number)
        while endings["committed"] < WORKS and not broken:
            which = chance.randrange(len(pairs))
            try:
                one = form(crm, pairs[which], decide, chance)
            except Conflict as refused:
                with lock:
                    endings[type(refused).__name__] += 1
                continue
            except BaseException as error:
                broken.append(error)
                raise
            with lock:
                endings["committed" if one else "declined"] += 1
                if one:
                    seen[which].append(one)

    threads = [threading.Thread(target=worker, args=(number,)) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not broken, broken
    return pairs, seen, endings


def lost_updates(crm: CRM, pairs: list[Any], seen: dict[int, list[Seen]]) -> list[str]:
    """Say where a committed write is not in the final record, or two wrote the same version."""
    found: list[str] = []
    with crm.work(by="judge", tenant=TENANT, read_only=True) as work:
        for which, ids in enumerate(pairs):
            for at in range(2):
                account = work.of(Account).get(ids[at])
                written = [one for one in seen[which] if one.written == at]
                twice = len(written) - len({one.versions[at] for one in written})
                if twice or account.version != 1 + len(written):
                    found.append(f"{which}.{at}: version {account.version}, {len(written)} writes")
                if account.balance != sum(one.moved for one in written):
                    found.append(f"{which}.{at}: balance {account.balance}")
    return found


def cycles(works: list[Seen]) -> int:
    """Count works that stand in a cycle of "came before": no serial order explains them.

    A work comes before another that read what it wrote, and before one that wrote over what it
    read. Works left over by repeatedly taking away those with nothing before them are in, or
    behind, a cycle (Adya's G2-item where the edges are of reads).
    """
    writer = {(one.written, one.versions[one.written] + 1): at for at, one in enumerate(works)}
    after: dict[int, set[int]] = defaultdict(set)
    for at, one in enumerate(works):
        for record in range(2):
            wrote_what_was_read = writer.get((record, one.versions[record]))
            wrote_over_it = writer.get((record, one.versions[record] + 1))
            if wrote_what_was_read is not None and wrote_what_was_read != at:
                after[wrote_what_was_read].add(at)
            if wrote_over_it is not None and wrote_over_it != at:
                after[at].add(wrote_over_it)
    waiting = Counter(later for laters in after.values() for later in laters)
    free = [at for at in range(len(works)) if not waiting[at]]
    taken = 0
    while free:
        taken += 1
        for later in after[free.pop()]:
            waiting[later] -= 1
            if not waiting[later]:
                free.append(later)
    return len(works) - taken


def tell(endings: Counter[str]) -> str:
    """Say how the works ended."""
    refused = sum(endings.values()) - endings["committed"] - endings["declined"]
    return f"{endings['committed']} works by {WORKERS} workers, {refused} conflicts"


def _open_pair(crm: CRM) -> tuple[Any, Any]:
    with crm.work(by="judge", tenant=TENANT) as work:
        made = [work.of(Account).add(Account(id=work.new_id())) for _ in range(2)]
    return made[0].id, made[1].id


@pytest.fixture
def crm(fresh_url: str) -> Iterator[CRM]:
    """Give a CRM with accounts, on each store in turn."""
    with CRM.open(fresh_url, entities=[Account], plugin_names=()) as crm:
        crm.schema.apply()
        yield crm


@pytest.fixture
def seed() -> int:
    """Give a seed and print it."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    return seed


def test_the_judge_knows_a_write_skew() -> None:
    """Two works that read both records and each wrote another are a cycle; a series is none."""
    skewed = [Seen((1, 1), 0, 0), Seen((1, 1), 1, 0)]
    serial = [Seen((1, 1), 0, 0), Seen((2, 1), 1, 0), Seen((2, 2), 0, 0)]
    assert (cycles(skewed), cycles(serial)) == (2, 0)


@pytest.mark.deep
@pytest.mark.parametrize("decide", [withdraw, promote])
@pytest.mark.parametrize("form", [inside_one_work, in_two_works])
def test_workers_lose_nothing_and_skew_nothing(
    crm: CRM, form: Any, decide: Decide, seed: int, figure: Callable[[str], None]
) -> None:
    """Every committed work is in the records, some serial order explains all, the rule holds."""
    pairs, seen, endings = run_workers(crm, form, decide, seed)
    lost, skews = lost_updates(crm, pairs, seen), sum(cycles(works) for works in seen.values())
    name = f"isolation {crm.storage.name}, {decide.__name__} {form.__name__.replace('_', ' ')}"
    figure(f"{name}: {tell(endings)}, {len(lost)} lost updates, {skews} works in or behind a cycle")
    assert endings["committed"] >= WORKS
    assert lost == []
    assert skews == 0
    with crm.work(by="judge", tenant=TENANT, read_only=True) as work:
        for ids in pairs:
            left, right = work.of(Account).get(ids[0]), work.of(Account).get(ids[1])
            assert left.balance + right.balance >= 0
            assert not (left.is_primary and right.is_primary)


@pytest.mark.deep
def test_without_the_guard_the_same_judge_finds_skews(
    crm: CRM, seed: int, figure: Callable[[str], None]
) -> None:
    """The judge has teeth: the version check alone loses no update but lets works skew."""
    pairs, seen, endings = run_workers(crm, without_guard, withdraw, seed)
    lost, skews = lost_updates(crm, pairs, seen), sum(cycles(works) for works in seen.values())
    name = f"isolation {crm.storage.name}, guard off"
    figure(f"{name}: {tell(endings)}, {len(lost)} lost updates, {skews} works in or behind a cycle")
    assert lost == []
    assert skews > 0


@pytest.mark.deep
def test_at_most_one_contact_is_primary(crm: CRM) -> None:
    """However many tie a primary contact to one customer at once, one is primary in the end."""
    for _race in range(RACES):
        with crm.work(by="judge", tenant=TENANT) as work:
            customer = parties.register_customer(work, "鲁西科技")
            contacts = [parties.add_contact(work, f"contact {at}") for at in range(4)]
        start = threading.Barrier(len(contacts))

        def tie(contact: Any, customer: Any = customer, start: Any = start) -> None:
            start.wait()
            crm.run(
                parties.relate_contact,
                contact.id,
                customer.id,
                primary=True,
                by="worker",
                tenant=TENANT,
                attempts=50,
            )

        threads = [threading.Thread(target=tie, args=(contact,)) for contact in contacts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with crm.work(by="judge", tenant=TENANT, read_only=True) as work:
            ties = [tied for tied in work.affiliations.find() if tied.customer_id == customer.id]
        assert len(ties) == len(contacts)
        assert sum(tied.is_primary for tied in ties) == 1
