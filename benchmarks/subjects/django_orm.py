"""Django ORM: one model without a project, JSON fields for the nested values."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import django
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Count, F, Q, Sum

from benchmarks.contact import CURRENCY, TENANT, ContactRow, DealRow
from benchmarks.subject import FILTER_STAGE, PAGE_SIZE, Group, Subject, Walked, changed_title

_INDEX = models.Index(fields=["tenant", "stage", "score", "id"], name="contact_list")


class _Django(Subject):
    """Django on whatever `_database` describes."""

    def setup(self) -> None:
        settings.configure(DATABASES={"default": self._database()}, USE_TZ=True, INSTALLED_APPS=[])
        django.setup()
        self._contact, self._deal = _models()
        self._make_room()
        with connection.schema_editor() as editor:
            editor.create_model(self._contact)
            editor.create_model(self._deal)

    def _database(self) -> dict[str, Any]:
        raise AssertionError("each store describes its own")

    def _make_room(self) -> None:
        """Prepare the place for the tables."""

    def empty(self) -> None:
        self._contact.objects.all().delete()

    def prepare(self, rows: Iterable[ContactRow]) -> list[Any]:
        return [self._contact(**_values(row)) for row in rows]

    def insert(self, objects: list[Any]) -> None:
        with transaction.atomic():
            self._contact.objects.bulk_create(objects)

    def _live(self) -> Any:
        return self._contact.objects.filter(tenant=TENANT, deleted_at=None)

    def stream(self) -> int:
        count = 0
        for _contact in self._live().iterator():
            count += 1
        return count

    def keys(self, ids: Sequence[UUID]) -> list[Any]:
        return list(ids)

    def get(self, keys: Sequence[Any]) -> int:
        live = self._live()
        return sum(live.get(pk=key).tenant == TENANT for key in keys)

    def pages(self, count: int) -> Walked:
        seen, last = 0, ""
        first = self._live().filter(stage=FILTER_STAGE, subscribed=True)
        first = first.order_by("score", "id")
        page = list(first[:PAGE_SIZE])
        for _page in range(count):
            seen += len(page)
            end = page[-1]
            last = end.id.hex
            beyond = Q(score__gt=end.score) | Q(score=end.score, id__gt=end.id)
            page = list(first.filter(Q(score__gte=end.score) & beyond)[:PAGE_SIZE])
            if not page:
                break
        return Walked(seen, last)

    def save(self, keys: Sequence[Any]) -> None:
        live = self._live()
        for key in keys:
            with transaction.atomic():
                contact = live.get(pk=key)
                title = changed_title(contact.version)
                guarded = live.filter(pk=key, version=contact.version)
                if guarded.update(job_title=title, version=F("version") + 1) != 1:
                    raise RuntimeError("the version moved")

    def fetch(self, key: Any) -> ContactRow:
        found = self._contact.objects.get(pk=key)
        values = {name: getattr(found, name) for name in ContactRow._fields if name != "budget"}
        values["budget"] = (found.budget_amount, found.budget_currency)
        values["tags"] = tuple(found.tags)
        return ContactRow(**values)

    def load_deals(self, rows: Iterable[DealRow]) -> None:
        with transaction.atomic():
            self._deal.objects.bulk_create(
                (self._deal(**_deal_values(row)) for row in rows), batch_size=10_000
            )

    def totals(self) -> list[Group]:
        rows = (
            self._deal.objects.filter(tenant=TENANT, deleted_at=None)
            .values_list("stage", "owner_id")
            .annotate(count=Count("id"), total=Sum("value_amount"))
            .order_by("stage", "owner_id")
        )
        return [(stage, owner.hex, count, int(total)) for stage, owner, count, total in rows]

    def settle(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def close(self) -> None:
        connection.close()


class DjangoOnSqlite(_Django):
    """Django on a SQLite file."""

    def _database(self) -> dict[str, Any]:
        pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(Path(self.place) / "django.db"),
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": pragmas},
        }


class DjangoOnPostgres(_Django):
    """Django on PostgreSQL through psycopg 3."""

    def _database(self) -> dict[str, Any]:
        url = urlsplit(self.place)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": url.path.lstrip("/"),
            "USER": url.username or "",
            "PASSWORD": url.password or "",
            "HOST": parse_qs(url.query).get("host", [url.hostname or ""])[0],
            "PORT": str(url.port or ""),
            "OPTIONS": {"options": "-csearch_path=django_orm"},
        }

    def _make_room(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA IF EXISTS django_orm CASCADE")
            cursor.execute("CREATE SCHEMA django_orm")


def _models() -> tuple[Any, Any]:
    """Define the models, which Django allows only once its settings are known."""

    class Stage(models.TextChoices):
        NEW = "new"
        QUALIFIED = "qualified"
        ACTIVE = "active"
        DORMANT = "dormant"

    class Record(models.Model):
        id = models.UUIDField(primary_key=True)
        tenant = models.TextField()
        version = models.IntegerField()
        created_at = models.DateTimeField()
        created_by = models.TextField()
        updated_at = models.DateTimeField()
        updated_by = models.TextField()
        deleted_at = models.DateTimeField(null=True)
        owner_id = models.UUIDField()
        tags = models.JSONField()
        custom = models.JSONField()
        name = models.TextField()
        stage = models.CharField(max_length=20, choices=Stage.choices)

        class Meta:
            abstract = True
            app_label = "benchmarks"

    class Contact(Record):  # noqa: DJ008 - never shown
        job_title = models.TextField()
        email = models.TextField()
        phone = models.TextField()
        budget_amount = models.DecimalField(max_digits=18, decimal_places=2)
        budget_currency = models.TextField()
        score = models.IntegerField()
        subscribed = models.BooleanField()
        birthday = models.DateField()
        address = models.JSONField()

        class Meta:
            app_label = "benchmarks"
            db_table = "contact"
            indexes: ClassVar = [_INDEX]

    class Deal(Record):  # noqa: DJ008 - never shown
        value_amount = models.BigIntegerField()
        value_currency = models.TextField()

        class Meta:
            app_label = "benchmarks"
            db_table = "deal"

    return Contact, Deal


def _values(row: ContactRow) -> dict[str, Any]:
    values = row._asdict()
    amount, currency = values.pop("budget")
    return values | {"budget_amount": Decimal(amount), "budget_currency": currency}


def _deal_values(row: DealRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "tenant": TENANT,
        "version": 1,
        "created_at": row.at,
        "created_by": "bench",
        "updated_at": row.at,
        "updated_by": "bench",
        "owner_id": row.owner_id,
        "tags": [],
        "custom": {},
        "name": row.name,
        "stage": row.stage,
        "value_amount": row.value,
        "value_currency": CURRENCY,
    }
