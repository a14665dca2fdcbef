"""Published hostile input at every entry point: kept identical or refused clearly, never run."""

import json
import os
from uuid import uuid4

import attrs
import pytest
import sqlalchemy

from crmkit.crm import CRM
from crmkit.domain.custom_fields import FieldKind
from crmkit.domain.filters.as_json import FilterReader
from crmkit.domain.filters.where import where
from crmkit.errors import CrmkitError
from crmkit.services.custom_fields import define_field
from crmkit.testing.sample import ENTITIES, Gadget, GadgetId

FULL = bool(os.environ.get("CRMKIT_FULL"))
FIELDS = [field.name for field in attrs.fields(Gadget) if field.name != "events"]


@pytest.fixture(scope="module")
def strings(shared):
    """Give the corpus of texts."""
    lines = (shared / "corpora" / "hostile_strings.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["s"] for line in lines]


@pytest.fixture
def crm(fresh_url):
    """Give a CRM with the sample entities and a custom text field, on each store."""
    with CRM.open(fresh_url, entities=ENTITIES) as made:
        made.schema.apply()
        with made.work(by="t", tenant="t") as work:
            define_field(work, "gadget", "size", FieldKind.TEXT)
        yield made


def lawful(text):
    """Say whether every store keeps this text."""
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def test_texts_are_kept_identical_or_refused(crm, strings):
    """A text is a value: kept as it was given in every text field, or refused before any store."""
    kept = {}
    for text in strings[:: 1 if FULL else 4]:
        fields = {"name": text, "parts": (text,), "tags": (text,), "custom": {"size": text}}
        try:
            gadget = Gadget(id=GadgetId(uuid4()), **fields)
        except CrmkitError as refused:
            assert not lawful(text) or len(text) > 2000, (text, refused)
            continue
        assert lawful(text)
        kept[gadget.id] = gadget
    with crm.work(by="t", tenant="t") as work:
        work.of(Gadget).insert_many(kept.values())
    with crm.work(by="t", tenant="t", read_only=True) as work:
        for gadget in work.of(Gadget).stream():
            given = kept[gadget.id]
            assert (gadget.name, gadget.parts, gadget.tags) == (given.name, given.parts, given.tags)
            assert gadget.custom == given.custom


def test_texts_in_filters_find_only_themselves(crm, strings):
    """A text in a filter is compared, never run."""
    texts = [text for text in dict.fromkeys(strings) if lawful(text) and len(text) <= 1000]
    texts = texts[:: 2 if FULL else 40]
    with crm.work(by="t", tenant="t") as work:
        work.of(Gadget).insert_many(Gadget(id=GadgetId(uuid4()), name=text) for text in texts)
    f = where(Gadget)
    with crm.work(by="t", tenant="t", read_only=True) as work:
        for text in texts:
            assert [gadget.name for gadget in work.of(Gadget).find(f.name.eq(text))] == [text]
            found = {gadget.name for gadget in work.of(Gadget).find(f.name.contains(text))}
            assert text in found


def test_hostile_text_never_stands_in_a_statement(strings, tmp_path):
    """On SQL every text is a parameter: no statement holds a part of it."""
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'crm.db'}")
    told = []
    canary = "c4n4ry"
    with CRM.open(engine, entities=ENTITIES) as crm:
        crm.schema.apply()
        with crm.work(by=canary, tenant=canary, reason=canary) as work:
            session = work._session._connection._driver  # the driver tells what it runs
            session.set_trace_callback(None)
            statements = work._session._statements
            for text in strings[::20]:
                if lawful(text) and len(text) <= 900:
                    marked = canary + text
                    gadget = Gadget(id=GadgetId(uuid4()), name=marked, tags=(marked,))
                    work.of(Gadget).add(gadget)
                    work.of(Gadget).find(where(Gadget).name.contains(marked))
                    work.of(Gadget).find(where(Gadget).tags.has_any([marked]))
            told = [statement.sql for statement in statements._kept.values()]
    assert told
    assert not any(canary in statement for statement in told)


def test_objects_are_refused_everywhere(shared, crm):
    """What is no value of a field is refused with its path, by records and by filters alike."""
    corpus = json.loads((shared / "corpora" / "hostile_objects.json").read_text(encoding="utf-8"))
    reader = FilterReader(crm.registry)
    spec = crm.registry[Gadget]
    for given in corpus["objects"]:
        for name in FIELDS:
            try:
                Gadget(**{"id": GadgetId(uuid4()), "name": "n", name: given})
            except CrmkitError as refused:
                assert refused.path
        for written in (given, {"field": "rank", "op": "eq", "value": given}, {"all": [given]}):
            try:
                reader.read(spec, written)
            except CrmkitError:
                continue


def test_field_names_are_known_or_refused(shared, crm):
    """A name that is no field is refused in filters, orders and custom keys."""
    corpus = json.loads(
        (shared / "corpora" / "hostile_field_names.json").read_text(encoding="utf-8")
    )
    reader = FilterReader(crm.registry)
    spec = crm.registry[Gadget]
    unknown = [name for name in corpus["names"] if name.removeprefix("-") not in FIELDS]
    assert len(unknown) > 40
    for name in unknown:
        with pytest.raises(CrmkitError):
            reader.read(spec, {"field": name, "op": "eq", "value": "x"})
        with pytest.raises(CrmkitError):
            reader.read_order(spec, [name])
        try:
            gadget = Gadget(id=GadgetId(uuid4()), name="n", custom={name: "x"})
        except CrmkitError:
            continue
        with pytest.raises(CrmkitError), crm.work(by="t", tenant="t") as work:
            work.of(Gadget).add(gadget)
