"""MongoDB through pymongo: replica sets and sharded clusters, with transactions."""

from crmkit.storage.mongo.storage import MongoStorage

__all__ = ["MongoStorage"]
