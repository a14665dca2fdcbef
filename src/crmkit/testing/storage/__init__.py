"""The storage contract: what every store promises, as tests that a store runs on itself.

A third party writes one module: `from crmkit.testing.storage import *` and a fixture
`storage_harness` that returns a `StorageHarness`. All tests then run against that store. What a
store does not declare among its capabilities must be refused, and that is tested as well.
"""

# pyright: reportUnusedImport=false
# ruff: noqa: E402, F401, F403 - pytest is told of the modules first, and finds the tests by the star

import pytest

PARTS = (
    "part_a_lifecycle",
    "part_b_values",
    "part_c_queries",
    "part_d_order",
    "part_e_work",
    "part_f_concurrency",
    "part_g_unique",
    "part_h_queue",
    "part_i_tenants",
    "part_j_summaries",
    "part_k_limits",
    "part_l_schema",
    "part_m_crash",
    "part_n_basis",
)
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in PARTS))

from crmkit.testing.storage.harness import Place, StorageHarness, crm, elsewhere, place, town
from crmkit.testing.storage.part_a_lifecycle import *
from crmkit.testing.storage.part_b_values import *
from crmkit.testing.storage.part_c_queries import *
from crmkit.testing.storage.part_d_order import *
from crmkit.testing.storage.part_e_work import *
from crmkit.testing.storage.part_f_concurrency import *
from crmkit.testing.storage.part_g_unique import *
from crmkit.testing.storage.part_h_queue import *
from crmkit.testing.storage.part_i_tenants import *
from crmkit.testing.storage.part_j_summaries import *
from crmkit.testing.storage.part_k_limits import *
from crmkit.testing.storage.part_l_schema import *
from crmkit.testing.storage.part_m_crash import *
from crmkit.testing.storage.part_n_basis import *
