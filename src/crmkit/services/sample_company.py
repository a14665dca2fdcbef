"""A sample company: made by crmkit, the same every time, modelled on a real sales history."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.money import Money
from crmkit.domain.parties.activity import Activity, ActivityId, ActivityKind, link_to
from crmkit.domain.parties.addresses import Address
from crmkit.domain.parties.customer import Customer, CustomerId
from crmkit.domain.sales.deal import Deal, DealId, DealOutcome
from crmkit.domain.sales.pipeline import Pipeline, PipelineId
from crmkit.domain.sales.product import Product, ProductId
from crmkit.services.sales import DEFAULT_STAGES
from crmkit.work import UnitOfWork

SAMPLE_DEALS = 2000
_WIN_CHANCE = 0.63
_DAYS = 420
_MANAGERS = ("陈静", "Maria Keller", "刘洋")
_AGENTS = ("王伟", "李娜", "张敏", "Tom Becker", "赵磊", "孙丽", "Anna Novak", "周涛", "吴芳")
_UNITS = ("聊城", "济南", "Hamburg")
_PLACES = ("聊城", "济南", "青岛", "德州", "临沂", "潍坊", "烟台", "泰安")
_WORDS = ("鲁西", "东昌", "光岳", "水城", "阿胶", "运河", "凤凰", "新汇", "中通", "时风")
_TRADES = (("机械", "machinery"), ("食品", "food"), ("纺织", "textiles"), ("科技", "software"))
_PRODUCTS = (
    ("CRM Start", "CRM", 28_000),
    ("CRM Team", "CRM", 88_000),
    ("CRM Enterprise", "CRM", 260_000),
    ("Service Desk", "Service", 46_000),
    ("Marketing Pack", "Marketing", 39_000),
    ("ERP Bridge", "Integration", 65_000),
    ("Care Contract", "Service", 12_000),
)


def found_company(work: UnitOfWork, *, deals: int = SAMPLE_DEALS, seed: int = 1) -> None:
    """Write 12 users, 7 products, 80 customers, a pipeline with its deals, and 40 tasks.

    The same seed, clock and count give the same company.
    """
    company = _Company(work, seed)
    agents = company.users()
    products = company.products()
    customers = company.customers(agents)
    company.deals(customers, products, deals)
    company.tasks(customers)


class _Company:
    """Draws everything from one seeded source of chance."""

    def __init__(self, work: UnitOfWork, seed: int) -> None:
        self.work = work
        self.chance = random.Random(seed)  # noqa: S311 - a sample, not a secret
        self.today = work.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    def users(self) -> list[User]:
        work = self.work
        managers = [
            User(id=UserId(work.new_id()), name=name, login=f"manager{at}", unit=_UNITS[at])
            for at, name in enumerate(_MANAGERS)
        ]
        work.users.insert_many(managers)
        agents = [
            User(
                id=UserId(work.new_id()),
                name=name,
                login=f"agent{at}",
                manager_id=managers[at % 3].id,
                unit=managers[at % 3].unit,
            )
            for at, name in enumerate(_AGENTS)
        ]
        return work.users.insert_many(agents)

    def products(self) -> list[Product]:
        return self.work.products.insert_many(
            Product(
                id=ProductId(self.work.new_id()),
                name=name,
                series=series,
                list_price=Money(price, "CNY"),
            )
            for name, series, price in _PRODUCTS
        )

    def customers(self, owners: list[User]) -> list[Customer]:
        made: list[Customer] = []
        for at, word in enumerate(_WORDS * len(_PLACES)):
            place = _PLACES[at // len(_WORDS)]
            trade, industry = _TRADES[at % len(_TRADES)]
            made.append(
                Customer(
                    id=CustomerId(self.work.new_id()),
                    name=f"{place}{word}{trade}有限公司",
                    number=f"C{at + 1:04}",
                    industry=industry,
                    employees=self.chance.randint(8, 3000),
                    address=Address(country="CN", region="山东省", city=f"{place}市"),
                    owner_id=self.chance.choice(owners).id,
                )
            )
        return self.work.customers.insert_many(made)

    def deals(self, customers: list[Customer], products: list[Product], n: int) -> None:
        pipeline = self.work.pipelines.add(
            Pipeline(id=PipelineId(self.work.new_id()), name="Sales", stages=DEFAULT_STAGES)
        )
        self.work.deals.insert_many(
            self._deal(at, pipeline, self.chance.choice(customers), self.chance.choice(products))
            for at in range(n)
        )

    def tasks(self, customers: list[Customer]) -> None:
        self.work.activities.insert_many(
            Activity(
                id=ActivityId(self.work.new_id()),
                kind=ActivityKind.TASK,
                subject=f"回访 {customer.name}",
                due_at=self.today + timedelta(days=self.chance.randint(-5, 20)),
                owner_id=customer.owner_id,
                links=(link_to(customer),),
            )
            for customer in customers[::2]
        )

    def _deal(self, at: int, pipeline: Pipeline, customer: Customer, product: Product) -> Deal:
        opened = self.today - timedelta(days=self.chance.randint(1, _DAYS))
        closed = opened + timedelta(days=self.chance.randint(1, 120))
        percent = Decimal(self.chance.randint(80, 115)) / 100
        worth = product.list_price and product.list_price.multiply(percent)
        return Deal(
            id=DealId(self.work.new_id()),
            name=f"{customer.name} {product.name}",
            number=f"D{at + 1:05}",
            stage=self.chance.choice(pipeline.stages).name,
            pipeline_id=pipeline.id,
            customer_id=customer.id,
            product_id=product.id,
            owner_id=customer.owner_id,
            value=worth,
            opened_at=opened,
            **self._ending(closed),
        )

    def _ending(self, closed: datetime) -> dict[str, Any]:
        if closed > self.today:
            return {}
        won = self.chance.random() < _WIN_CHANCE
        outcome = DealOutcome.WON if won else DealOutcome.LOST
        return {"outcome": outcome, "closed_at": closed}
