"""How an estimate shows itself: table, tree, notebook, frames, plain data, in two languages."""

import json
import re
import subprocess
import sys
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest

from crmkit import estimates
from crmkit.domain.money import Money
from crmkit.errors import InvalidValue

SCOPE = estimates.Scope(
    name="客户管理系统",
    client="鲁西<科技>",
    modules=["customers", "pipeline"],
    integrations=[estimates.Integration(system="ERP & 财务")],
    third_party=[estimates.ThirdParty(name="短信", price=Money("800", "CNY"))],
    maintenance=estimates.Maintenance(),
)
MADE = estimates.estimate(SCOPE)


def test_table_adds_up() -> None:
    """Every line with its amount, then the total in 元 and 万元, net, tax, range and tier."""
    text = str(MADE)
    for line in MADE.lines:
        assert f"{line.amount.amount:,}" in text
    wan = MADE.total.amount / 10_000
    assert f"{MADE.total.amount:,} CNY ({wan:,.2f} 万元)" in text
    assert "80 % of such projects" in text
    assert "standard" in text


def test_table_is_aligned_also_in_chinese() -> None:
    """A Chinese character takes two columns: all amounts end in the same one."""
    rows = [row for row in str(MADE.said("zh")).splitlines() if re.search(r"\.\d\d$", row)]
    widths = {sum(2 if ord(sign) > 0x2E80 else 1 for sign in row) for row in rows}
    assert len(rows) == len(MADE.lines)
    assert len(widths) == 1


def test_explanation_is_a_tree_with_sources() -> None:
    """Total, groups, lines, factors; each factor with its page, or marked as assumption."""
    tree = MADE.explain()
    assert tree.value == str(MADE.total)
    lines = [line for group in tree.parts for line in group.parts]
    assert len(lines) == len(MADE.lines)
    assert all(factor.source for line in lines for factor in line.parts)
    drawn = str(tree)
    assert "hours per function point: 3.77  [CSBMK-202510 P25 p.9]" in drawn
    assert "locality: 0.88  [assumption]" in drawn
    assert "生产率（人时/功能点）: 3.77" in str(MADE.said("zh").explain())


def test_assumptions_are_told() -> None:
    """Defaults of the scope, the profile's place, days of people; stated inputs are not."""
    said = [label.en for label in MADE.assumptions]
    assert "users: 15" in said
    assert "no link with other systems" not in said
    assert any("Liaocheng is not in CSBMK" in text for text in said)
    assert any(text.startswith("person-days each: ") for text in said)
    assert all(label.zh for label in (*MADE.assumptions, *MADE.exclusions))
    stated = estimates.estimate(SCOPE.with_(users=16))
    assert "users: 15" not in [label.en for label in stated.assumptions]


def test_notebook_shows_table_and_chart() -> None:
    """Plain text, HTML with escaped names, and Vega-Lite that JSON can carry."""
    shown = MADE._repr_mimebundle_()
    assert shown["text/plain"] == str(MADE)
    page = shown["text/html"]
    assert "ERP &amp; 财务" in page
    assert page.count("<tr>") + page.count('<tr class="g">') > len(MADE.lines)
    chart = json.loads(json.dumps(shown["application/vnd.vegalite.v5+json"]))
    values = chart["layer"][0]["data"]["values"]
    assert [row["chance"] for row in values] == sorted(row["chance"] for row in values)
    assert [row["price"] for row in values] == sorted(row["price"] for row in values)
    assert chart["layer"][1]["data"]["values"] == [{"price": float(MADE.total.amount)}]


def test_plain_data_goes_through_json() -> None:
    """With scope, lines, factors and totals; the scope makes the same estimate again."""
    data = json.loads(json.dumps(MADE.to_dict(), default=str))
    assert sum(Decimal(line["amount"]) for line in data["lines"]) == Decimal(data["total"])
    assert Decimal(data["net"]) + Decimal(data["vat"]) == Decimal(data["total"])
    again = estimates.estimate(estimates.Scope.from_dict(data["scope"]), data["profile"])
    assert again.to_dict() == MADE.to_dict()


def test_quote_takes_the_lines_over() -> None:
    """Quantity, unit, price, tax; quantity times price is the amount but for the rounding."""
    quote = MADE.to_quote()
    assert quote["customer"] == "鲁西<科技>"
    assert sum(Decimal(line["amount"]) for line in quote["lines"]) == MADE.total.amount
    for line in quote["lines"]:
        product = Decimal(line["quantity"]) * Decimal(line["unit_price"])
        slack = Decimal(line["quantity"]) * Decimal("0.005") + Decimal("0.02")
        assert abs(product - Decimal(line["amount"])) <= slack
        assert line["tax_rate"] == "0.06"


def test_frames() -> None:
    """Pandas and Arrow get the lines, amounts as exact decimals."""
    frame = MADE.to_pandas()
    assert frame["amount"].sum() == MADE.total.amount
    table = pa.table(MADE)
    assert table.num_rows == len(MADE.lines)
    assert sum(table["amount"].to_pylist()) == MADE.total.amount
    assert isinstance(frame, pd.DataFrame)


def test_unknown_language_is_refused() -> None:
    """English and Chinese are spoken."""
    with pytest.raises(InvalidValue, match="language: 'fr'"):
        MADE.said("fr")
    with pytest.raises(InvalidValue, match="language: 'fr'"):
        estimates.estimate(SCOPE, language="fr")


def test_estimates_need_no_store_and_no_numpy() -> None:
    """The first result in a fresh interpreter brings neither a driver nor an optional library."""
    program = (
        "from crmkit import estimates; import sys; "
        "print(estimates.estimate(estimates.Scope(modules=['customers'])).total); "
        "print(*sorted({'numpy', 'pandas', 'pyarrow', 'sqlalchemy', 'pymongo', 'cattrs', 'pluggy'}"
        " & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    total, brought = run.stdout.splitlines()
    assert total.endswith("CNY")
    assert brought == ""
