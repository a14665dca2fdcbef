"""An estimate as plain data: for JSON, for frames, and for a quote of the sales side."""

from typing import TYPE_CHECKING, Any

from crmkit.domain.estimates.figures import Factor, plain
from crmkit.domain.estimates.lines import EstimateLine
from crmkit.errors import MissingExtra

if TYPE_CHECKING:
    from crmkit.domain.estimates.estimate import Estimate


def to_dict(estimate: "Estimate") -> dict[str, Any]:
    """Return scope, profile, lines with their factors, and totals; numbers as exact texts."""
    return {
        "scope": estimate.scope.to_dict(),
        "profile": estimate.profile.name,
        "standard": estimate.profile.standard.name,
        "currency": "CNY",
        "lines": [_line(line) for line in estimate.lines],
        "total": str(estimate.total.amount),
        "net": str(estimate.net.amount),
        "vat": str(estimate.vat.amount),
        "vat_rate": str(estimate.costing.vat.rate),
        "tier": estimate.tier.tier.name,
    }


def to_quote(estimate: "Estimate") -> dict[str, Any]:
    """Return what a quote takes over: lines with quantity, unit, unit price, amount and tax.

    Amounts contain the tax and add up to the total; a unit price is rounded to the fen, so that
    quantity times unit price may differ from the amount by the rounding.
    """
    rate = str(estimate.costing.vat.rate)
    return {
        "name": estimate.scope.name,
        "customer": estimate.scope.client,
        "currency": "CNY",
        "tax_included": True,
        "lines": [
            {
                "key": line.key,
                "description": line.label.said(estimate.language),
                "quantity": plain(line.quantity, 6).replace(",", ""),
                "unit": line.unit.said(estimate.language),
                "unit_price": str(line.unit_price.amount),
                "amount": str(line.amount.amount),
                "tax_rate": rate,
            }
            for line in estimate.lines
        ],
        "total": str(estimate.total.amount),
    }


def columns_of(estimate: "Estimate") -> dict[str, list[Any]]:
    """Return the lines as columns of a frame."""
    lines, said = estimate.lines, estimate.language
    return {
        "key": [line.key for line in lines],
        "group": [str(line.group) for line in lines],
        "item": [line.label.said(said) for line in lines],
        "quantity": [float(line.quantity) for line in lines],
        "unit": [line.unit.said(said) for line in lines],
        "unit_price": [line.unit_price.amount for line in lines],
        "amount": [line.amount.amount for line in lines],
        "assumed": [line.assumed for line in lines],
    }


def to_pandas(estimate: "Estimate") -> Any:
    """Return the lines as a pandas frame; amounts stay exact decimals."""
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtra("an estimate as a pandas frame", "frames") from None
    return pd.DataFrame(columns_of(estimate))


def to_arrow(estimate: "Estimate") -> Any:
    """Return the lines as an Arrow table; amounts stay exact decimals."""
    try:
        import pyarrow as pa
    except ImportError:
        raise MissingExtra("an estimate as an Arrow table", "frames") from None
    return pa.table(columns_of(estimate))


def _line(line: EstimateLine) -> dict[str, Any]:
    return {
        "key": line.key,
        "group": str(line.group),
        "label": {"en": line.label.en, "zh": line.label.zh},
        "quantity": plain(line.quantity, 6).replace(",", ""),
        "unit": line.unit.en,
        "unit_price": str(line.unit_price.amount),
        "amount": str(line.amount.amount),
        "assumed": line.assumed,
        "factors": [_factor(factor) for factor in line.factors],
    }


def _factor(factor: Factor) -> dict[str, Any]:
    return {
        "name": factor.name,
        "value": str(factor.value),
        "source": factor.source,
        "page": factor.page,
        "assumed": factor.assumed,
    }
