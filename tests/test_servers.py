"""The servers that the tests run against are real."""


def test_postgres_answers(fresh_postgres):
    """A fresh PostgreSQL database answers a query."""
    import psycopg

    with psycopg.connect(fresh_postgres) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_mongo_is_a_replica_set(fresh_mongo):
    """A fresh MongoDB database belongs to a replica set, so it has transactions."""
    from pymongo import MongoClient

    with MongoClient(fresh_mongo) as client:
        assert client.admin.command("hello")["setName"] == "rs0"
