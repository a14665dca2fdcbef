"""Idempotency: a call with a key takes effect once, and a repeat gets the first result."""

import hashlib
import json
from typing import Any

from crmkit.domain.changes import IdempotencyRecord
from crmkit.domain.composite_kinds import AnyJson
from crmkit.domain.entity import spec_of
from crmkit.domain.filters.lowered import All, Check, Test
from crmkit.domain.filters.paths import path_to
from crmkit.domain.text import check_text
from crmkit.errors import (
    AlreadyDone,
    Duplicate,
    IdempotencyMismatch,
    OutcomeUnknown,
    TransactionConflict,
)
from crmkit.ports import Ask, Session
from crmkit.work.marks import Marks

_SPEC = spec_of(IdempotencyRecord)
MAX_KEY = 200


class Once:
    """One idempotency key of one actor of one tenant, and the payload it stands for."""

    def __init__(self, key: str, payload: Any, marks: Marks) -> None:
        """Take a key of at most 200 characters and the JSON that tells calls apart."""
        self.key = check_text(key, path="idempotency_key", max_length=MAX_KEY)
        self._marks = marks
        checked = AnyJson().check(payload, "payload")
        written = json.dumps(checked, sort_keys=True, ensure_ascii=True)
        self._fingerprint = hashlib.sha256(written.encode("ascii")).hexdigest()

    def check(self, session: Session) -> None:
        """Return when the key is free; raise `AlreadyDone` or `IdempotencyMismatch` when not."""
        mine = All(
            (
                Check(path_to(_SPEC, "actor", {}).leaf, Test.EQ, self._marks.actor.id),
                Check(path_to(_SPEC, "key", {}).leaf, Test.EQ, self.key),
            )
        )
        for batch in session.find(_SPEC, Ask(where=mine, limit=1)):
            for kept in batch:
                if kept.fingerprint != self._fingerprint:
                    raise IdempotencyMismatch(self.key)
                raise AlreadyDone(self.key, kept.result)

    def keep(self, session: Session, result: Any) -> None:
        """Write the key and the result in the transaction of the work."""
        kept = IdempotencyRecord(
            id=self._marks.new_id(),
            tenant=self._marks.tenant,
            actor=self._marks.actor.id,
            key=self.key,
            fingerprint=self._fingerprint,
            result=AnyJson().check(result, "result"),
            at=self._marks.now,
        )
        session.insert_many(_SPEC, [kept])

    def explain(self, error: BaseException) -> BaseException:
        """Give an unknown outcome its key, and tell a racing twin apart from a real duplicate."""
        if isinstance(error, OutcomeUnknown):
            return OutcomeUnknown(error.message, idempotency_key=self.key)
        if isinstance(error, Duplicate) and error.entity == _SPEC.name:
            return TransactionConflict(
                "another call with the same key has just finished",
                path="idempotency_key",
                fix="repeat, and the stored result is returned",
            )
        return error
