"""How alike two short texts are."""

from typing import Final

from crmkit.domain.text import check_text

MAX_COMPARED: Final = 200
_PREFIX: Final = 4
_PREFIX_SHARE: Final = 0.1
_PREFIX_FROM: Final = 0.7


def jaro_winkler(left: str, right: str) -> float:
    """Return the likeness of two texts, from 0 to 1 (Winkler 1990).

    Common signs at nearly the same place count, common beginnings more. Only the first 200 signs
    are compared, because the work grows with the product of the lengths.
    """
    ours = check_text(left, path="left")[:MAX_COMPARED]
    theirs = check_text(right, path="right")[:MAX_COMPARED]
    return likeness(ours, theirs)


def likeness(left: str, right: str) -> float:
    """Return what `jaro_winkler` returns, for texts that were checked and cut before."""
    if left == right:
        return 1.0
    alike = _jaro(left, right)
    if alike <= _PREFIX_FROM:
        return alike
    prefix = 0
    for ours, theirs in zip(left[:_PREFIX], right[:_PREFIX], strict=False):
        if ours != theirs:
            break
        prefix += 1
    return alike + prefix * _PREFIX_SHARE * (1 - alike)


def _jaro(left: str, right: str) -> float:
    ours, theirs = _common(left, right)
    found = len(ours)
    if not found:
        return 0.0
    swapped = sum(a != b for a, b in zip(ours, theirs, strict=True)) // 2
    return (found / len(left) + found / len(right) + (found - swapped) / found) / 3


def _common(left: str, right: str) -> tuple[list[str], list[str]]:
    """Return the signs that both have at nearly the same place, in the order of each."""
    reach = max(0, max(len(left), len(right)) // 2 - 1)
    taken = [False] * len(right)
    ours: list[str] = []
    for at, sign in enumerate(left):
        for there in range(max(0, at - reach), min(len(right), at + reach + 1)):
            if not taken[there] and right[there] == sign:
                taken[there] = True
                ours.append(sign)
                break
    return ours, [sign for sign, used in zip(right, taken, strict=True) if used]
