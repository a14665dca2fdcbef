"""The schema of a real database: newer data is refused, strangers are left alone."""

import sqlite3

import psycopg
import pytest
from pymongo import MongoClient

from crmkit.crm import CRM
from crmkit.domain.parties.customer import Customer
from crmkit.errors import SchemaTooNew
from crmkit.services import parties

STORES = ("fresh_sqlite", "fresh_postgres", "fresh_mongo")


@pytest.fixture(params=STORES)
def url(request):
    """Give an empty database of each kind."""
    return request.getfixturevalue(request.param)


def execute(url, statement):
    """Run a statement as somebody who is not crmkit; return how many rows it touched."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    else:
        connection = psycopg.connect(url, autocommit=True)
    touched = connection.execute(statement).rowcount
    connection.close()
    return touched


def make_newer(url):
    """Stamp a database as a crmkit of the future would."""
    if url.startswith("mongodb"):
        with MongoClient(url) as client:
            stamps = client.get_default_database("crmkit")["crm_schema"]
            assert stamps.update_one({"_id": "crmkit"}, {"$set": {"revision": 99}}).matched_count
        return
    assert execute(url, "UPDATE crm_schema SET revision = '99' WHERE component = 'crmkit'") == 1


def names(url, **how):
    """Read the names of all customers."""
    with CRM.open(url, **how) as crm, crm.work(by="t", tenant="t", read_only=True) as work:
        return [customer.name for customer in work.of(Customer).find()]


def prepare(url, name, **how):
    """Set a CRM up and register a customer in it."""
    with CRM.open(url, **how) as crm:
        crm.schema.apply()
        with crm.work(by="t", tenant="t") as work:
            parties.register_customer(work, name)


def test_newer_data_is_refused(url):
    """An older crmkit neither reads, writes nor changes what a newer one wrote."""
    prepare(url, "kept")
    make_newer(url)
    with CRM.open(url) as crm:
        with pytest.raises(SchemaTooNew) as refused:
            crm.work(by="t", tenant="t")
        with pytest.raises(SchemaTooNew):
            crm.schema.apply()
    assert "99" in str(refused.value)
    assert refused.value.fix == "upgrade crmkit"


def test_prefixes_keep_two_crms_apart(url):
    """Two CRMs with prefixes of their own live in one database."""
    prepare(url, "ours", prefix="our_")
    prepare(url, "theirs", prefix="their_")
    assert names(url, prefix="our_") == ["ours"]
    assert names(url, prefix="their_") == ["theirs"]


def test_column_of_another_type_is_drift(fresh_postgres):
    """What no step can mend is told by verify, with the place and a fix."""
    prepare(fresh_postgres, "kept")
    execute(fresh_postgres, "ALTER TABLE crm_customer ALTER COLUMN birthday TYPE text")
    with CRM.open(fresh_postgres) as crm:
        [drift] = crm.schema.verify()
    assert drift.place == "crm_customer.birthday"
    assert drift.problem == "holds text, the class says date"
    assert drift.fix
