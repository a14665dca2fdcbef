"""Saved views: checked when saved, the same on every store when opened."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.crm import CRM
from crmkit.domain.custom_fields import FieldKind
from crmkit.domain.filters.order import MAX_ORDER, Order
from crmkit.domain.filters.tree import Filter, Op
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.parties.addresses import Address
from crmkit.domain.parties.contact import Contact
from crmkit.domain.parties.customer import Customer
from crmkit.domain.saved_view import SavedView
from crmkit.errors import (
    CrmkitError,
    Duplicate,
    InvalidCursor,
    InvalidFilter,
    InvalidInput,
    InvalidValue,
    NotFound,
    OutOfRange,
    UnknownEntity,
    UnknownField,
    VersionConflict,
    WrongType,
)
from crmkit.services import parties
from crmkit.services.custom_fields import define_field, retire_field
from crmkit.services.saved_views import (
    change_view,
    open_view,
    read_view,
    remove_view,
    save_view,
    views_of,
)
from crmkit.testing.population import CUSTOM
from crmkit.testing.sample import Gadget, Maker
from crmkit.testing.strategies import filters, orders
from crmkit.work import UnitOfWork

EVERYWHERE = pytest.mark.parametrize(
    "near_url", ["memory", "sqlite", "postgresql", "mongodb"], indirect=True
)
OF_LIAOCHENG = {"field": "address.city", "op": "eq", "value": "聊城"}


@pytest.fixture
def crm(near_url: str) -> Iterator[CRM]:
    """Give a CRM on each store in turn, with customers and a field of the tenant's own."""
    with CRM.open(near_url, plugin_names=()) as crm:
        crm.schema.apply()
        with work(crm) as unit:
            define_field(unit, "customer", "level", FieldKind.CHOICE, options=("A", "B"))
        with work(crm) as unit:
            for at, name in enumerate(("鲁西科技", "光岳食品", "东昌物流", "阳谷祥光")):
                parties.register_customer(
                    unit,
                    name,
                    annual_revenue=Money(100 * (at % 3), "CNY"),
                    address=Address(city="聊城" if at != 2 else "济南"),
                    custom={"level": "AB"[at % 2]},
                )
        yield crm


def work(crm: CRM, tenant: str = "acme") -> UnitOfWork:
    """Open a unit of work."""
    return crm.work(by="li", tenant=tenant)


def view_of(crm: CRM, **parts: Any) -> SavedView:
    """Save a view of customers."""
    with work(crm) as unit:
        return save_view(unit, Customer, parts.pop("name", "我的客户"), **parts)


@EVERYWHERE
def test_a_view_shows_its_columns_in_its_order(crm: CRM) -> None:
    """An opened view has the fitting records, ordered, page by page, with the columns asked for."""
    level = {"field": "custom.level", "op": "in", "value": ["A", "B"]}
    view = view_of(
        crm,
        where={"all": [OF_LIAOCHENG, level]},
        order=["-annual_revenue", "custom.level", "name"],
        columns=["name", "annual_revenue", "address.city", "custom.level"],
    )
    with work(crm) as unit:
        first = open_view(unit, view.id, size=2)
        second = open_view(unit, view.id, size=2, after=first.next)
    assert [*first.rows(), *second.rows()] == [
        ("光岳食品", Money(100, "CNY"), "聊城", "B"),
        ("鲁西科技", Money(0, "CNY"), "聊城", "A"),
        ("阳谷祥光", Money(0, "CNY"), "聊城", "B"),
    ]
    assert second.next is None
    assert first.items[0].name == "光岳食品"


@EVERYWHERE
def test_a_view_may_be_given_as_objects(crm: CRM) -> None:
    """Filters, orders and fields are kept as JSON and mean the same when the view is opened."""
    with work(crm) as unit:
        fields = unit.where(Customer)
        filter_ = fields["custom.level"].eq("A") | ~fields.annual_revenue.gt(Money(0, "CNY"))
        view = save_view(
            unit,
            "customer",
            "A or none",
            where=filter_,
            order=[fields["custom.level"].desc(), fields.name.asc()],
            columns=[fields.name, fields["custom.level"]],
        )
    assert view.order == ("-custom.level", "name")
    assert view.columns == ("name", "custom.level")
    with work(crm) as unit:
        kept = unit.saved_views.get(view.id)
        assert read_view(unit, kept).where == filter_
        expected = unit.customers.find(filter_, order=[fields["custom.level"].desc()])
        opened = open_view(unit, view.id)
    assert {record.id for record in opened.items} == {record.id for record in expected}


@EVERYWHERE
def test_views_are_listed_changed_and_removed(crm: CRM) -> None:
    """Views of an entity come by name; a change is checked; a removed name is free again."""
    first, second = (view_of(crm, name=name) for name in ("b", "a"))
    with work(crm) as unit:
        save_view(unit, Contact, "a")
        assert [view.id for view in views_of(unit, Customer)] == [second.id, first.id]
        changed = change_view(unit, first.id, name="c", where=OF_LIAOCHENG, order=["name"])
    assert (changed.name, changed.order, changed.columns) == ("c", ("name",), ())
    with work(crm) as unit:
        assert len(open_view(unit, first.id).items) == 3
        remove_view(unit, first.id)
        assert [view.id for view in views_of(unit, "customer")] == [second.id]
        save_view(unit, Customer, "c")
    with pytest.raises(Duplicate), work(crm) as unit:
        change_view(unit, second.id, name="c")
    with pytest.raises(NotFound), work(crm) as unit:
        open_view(unit, first.id)


@EVERYWHERE
def test_a_name_is_taken_once_per_entity_and_tenant(crm: CRM) -> None:
    """The same name is refused for the same entity, and free for another tenant."""
    view_of(crm)
    with pytest.raises(Duplicate):
        view_of(crm)
    with work(crm, tenant="other") as unit:
        save_view(unit, Customer, "我的客户")
        assert len(views_of(unit, Customer)) == 1


def test_without_columns_all_fields_are_shown(crm: CRM) -> None:
    """A view without columns shows every declared field and the tenant's own."""
    view = view_of(crm)
    with work(crm) as unit:
        opened = open_view(unit, view.id)
    names = [column.path.name for column in opened.columns]
    assert {"name", "annual_revenue", "custom.level"} <= set(names)
    assert {"tenant", "match_keys"} & set(names) == set()
    assert all(len(row) == len(names) for row in opened.rows())


def test_a_field_that_was_retired_is_named_when_the_view_is_opened(crm: CRM) -> None:
    """The view stays and lists; opening it names the field, and changing it mends it."""
    view = view_of(crm, columns=["name", "custom.level"])
    with work(crm) as unit:
        retire_field(unit, "customer", "level")
    with work(crm) as unit:
        assert views_of(unit, Customer) == [view]
    with pytest.raises(UnknownField) as caught, work(crm) as unit:
        open_view(unit, view.id)
    assert caught.value.path == "customer.custom.level"
    with work(crm) as unit:
        change_view(unit, view.id, columns=["name"])
        assert len(list(open_view(unit, view.id).rows())) == 4


BAD: list[tuple[dict[str, Any], type[CrmkitError], str]] = [
    ({"columns": ["colour"]}, UnknownField, "customer.colour"),
    ({"columns": ["custom.colour"]}, UnknownField, "customer.custom.colour"),
    ({"columns": ["address.colour"]}, UnknownField, "customer.address.colour"),
    ({"columns": ["name", 5]}, WrongType, "columns[1]"),
    ({"columns": "name"}, WrongType, "columns"),
    ({"columns": ["name", "name"]}, InvalidValue, "columns[1]"),
    ({"order": ["-colour"]}, UnknownField, "customer.colour"),
    ({"order": ["tags"]}, InvalidFilter, "customer.tags"),
    ({"order": ["name"] * (MAX_ORDER + 1)}, InvalidFilter, "order"),
    ({"order": [None]}, WrongType, "order[0]"),
    ({"where": {"field": "colour", "op": "eq", "value": "x"}}, UnknownField, "customer.colour"),
    (
        {"where": {"all": [{"field": "name", "op": "near", "value": "x"}]}},
        InvalidFilter,
        "filter.all[0].op",
    ),
    (
        {"where": {"any": [{"field": "founded_year", "op": "gt", "value": "x"}]}},
        WrongType,
        "filter.any[0].value",
    ),
    (
        {"where": {"field": "founded_year", "op": "between", "value": [1]}},
        InvalidFilter,
        "filter.value",
    ),
    (
        {"where": {"field": "name", "op": "in", "other": "industry"}},
        InvalidFilter,
        "filter.op",
    ),
    (
        {"where": {"field": "custom.level", "op": "eq", "value": "C"}},
        InvalidValue,
        "filter.value",
    ),
    ({"where": {"anything": 1}}, InvalidFilter, "filter"),
    ({"where": "name = 1"}, InvalidFilter, "filter"),
    ({"where": where(Contact).name.eq("x")}, InvalidFilter, "name"),
    ({"name": "  "}, InvalidValue, "saved_view.name"),
    ({"name": "x" * 201}, OutOfRange, "name"),
    ({"name": 5}, WrongType, "name"),
]


@pytest.mark.parametrize(("parts", "error", "path"), BAD)
def test_what_is_wrong_is_named_when_the_view_is_saved(
    parts: dict[str, Any], error: type[CrmkitError], path: str
) -> None:
    """Each bad part raises one error with its path, saving and changing, and nothing is kept."""
    with CRM.open("memory:", plugin_names=()) as crm:
        with work(crm) as unit:
            define_field(unit, "customer", "level", FieldKind.CHOICE, options=("A", "B"))
        good = view_of(crm, name="good")
        with pytest.raises(error) as caught:
            view_of(crm, **parts)
        assert caught.value.path == path
        with pytest.raises(error) as again, work(crm) as unit:
            change_view(unit, good.id, **parts)
        assert again.value.path == path
        with work(crm) as unit:
            assert views_of(unit, Customer) == [good]


def test_wrong_calls_name_what_is_wrong(crm: CRM) -> None:
    """Unknown entities and parts, other tenants, foreign cursors and stale views are refused."""
    view = view_of(crm, order=["name"])
    with pytest.raises(UnknownEntity), work(crm) as unit:
        save_view(unit, "cutsomer", "x")
    with pytest.raises(UnknownField) as caught, work(crm) as unit:
        change_view(unit, view.id, filter={})
    assert caught.value.path == "saved_view.filter"
    with pytest.raises(NotFound), work(crm, tenant="other") as unit:
        open_view(unit, view.id)
    with pytest.raises(NotFound), work(crm) as unit:
        open_view(unit, uuid4())  # type: ignore[arg-type]
    with work(crm) as unit:
        after = open_view(unit, view.id, size=1).next
        change_view(unit, view.id, order=["-name"])
    with pytest.raises(InvalidCursor), work(crm) as unit:
        open_view(unit, view.id, after=after)
    with pytest.raises(VersionConflict), work(crm) as unit:
        unit.saved_views.save(view.evolve(name="stale"))


@given(filter_=filters(), order=orders())
def test_what_was_saved_is_what_is_read(filter_: Filter, order: tuple[Order, ...]) -> None:
    """Any filter and order come back from the store as they were given."""
    with CRM.open("memory:", plugin_names=(), entities=(Maker, Gadget)) as crm:
        with work(crm) as unit:
            for key, kind, more in CUSTOM:
                define_field(unit, "gadget", key, kind, **more)
        with work(crm) as unit:
            view = save_view(unit, Gadget, "any", where=filter_, order=order)
        with work(crm) as unit:
            asked = read_view(unit, unit.saved_views.get(view.id))
    assert asked.where == filter_
    assert asked.order == order


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text("ab.-聊\x00\ud800", max_size=4)
    | st.floats()
    | st.sampled_from(["2026-01-02", "12.50 CNY", "A", 2**63, str(uuid4())]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    ),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    [
        *("name", "founded_year", "address.city", "address", "tags", "annual_revenue", "birthday"),
        *("custom.level", "custom", "id", "contact_points", "deleted_at", "kind", "parent_id"),
        *("", "."),
    ]
)
CONDITIONS = st.one_of(
    st.fixed_dictionaries(
        {"field": FIELDS, "op": st.sampled_from([*Op, "near"])},
        optional={"value": JSON, "other": FIELDS},
    ),
    st.fixed_dictionaries(
        {
            "exists": st.sampled_from(["contact", "deal", "customer", "nobody"]),
            "field": FIELDS,
            "remote": FIELDS | st.just("customer_id"),
            "where": JSON | st.just({"all": []}),
        }
    ),
    JSON,
)
NODES = st.recursive(
    CONDITIONS,
    lambda inner: (
        st.fixed_dictionaries({"all": st.lists(inner, max_size=3)})
        | st.fixed_dictionaries({"any": st.lists(inner, max_size=3)})
        | st.fixed_dictionaries({"not": inner})
    ),
    max_leaves=4,
)


@given(written=NODES)
def test_whatever_json_comes_is_a_filter_or_one_clear_error(written: Any) -> None:
    """Any JSON is taken as a filter or refused with a path; nothing else is raised."""
    with CRM.open("memory:", plugin_names=()) as crm:
        try:
            with work(crm) as unit:
                view = save_view(unit, Customer, "any", where=written)
        except InvalidInput as refused:
            assert refused.path
        else:
            with work(crm) as unit:
                open_view(unit, view.id)
