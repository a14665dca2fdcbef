"""A CRM without plugins, on the stores that a test names."""

from collections.abc import Iterator

import pytest

from crmkit.crm import CRM


@pytest.fixture
def crm(near_url: str) -> Iterator[CRM]:
    """Give a CRM with its schema in place."""
    with CRM.open(near_url, plugin_names=()) as crm:
        crm.schema.apply()
        yield crm
