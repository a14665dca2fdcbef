"""Words: what tells whose record something is, and the names that tell nothing."""

from typing import Final

AMOUNT: Final = {"kestrel": "987654.32", "plover": "123123.45"}
PHONE: Final = {"kestrel": "13911112222", "plover": "13822223333"}
CODE: Final = {"kestrel": "rule-one", "plover": "rule-two"}
"""Names by which records are asked for; a refusal may repeat them."""
GATED: Final = "gated"
"""The name of a customer for whom approvals are needed; nobody has it."""
