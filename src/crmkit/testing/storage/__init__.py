"""The storage contract: what every store promises, as tests that a store runs on itself.

A third party writes one module: `from crmkit.testing.storage import *` and a fixture
`storage_harness` that returns a `StorageHarness`. All tests then run against that store.
"""

# ruff: noqa: F403 - the star is how pytest gets the tests

from crmkit.testing.storage.harness import Place, StorageHarness, crm, place, town
from crmkit.testing.storage.part_a_lifecycle import *
from crmkit.testing.storage.part_b_values import *
from crmkit.testing.storage.part_c_queries import *
from crmkit.testing.storage.part_d_order import *
from crmkit.testing.storage.part_e_work import *
from crmkit.testing.storage.part_f_concurrency import *
from crmkit.testing.storage.part_g_unique import *
from crmkit.testing.storage.part_i_tenants import *
from crmkit.testing.storage.part_j_summaries import *
