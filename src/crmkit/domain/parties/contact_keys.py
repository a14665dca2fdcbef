"""Contact keys: one form for each e-mail address, phone number, website and account."""

import re
import unicodedata
from typing import Final
from urllib.parse import SplitResult, urlsplit

from crmkit.domain.parties.checks import refuse
from crmkit.domain.text import check_text, search_key

MAX_RAW: Final = 1_000
MAX_EMAIL: Final = 254
HOME_COUNTRY: Final = "86"
_BREAKS: Final = frozenset({"Cc", "Zl", "Zp"})
_ASCII_LOCAL: Final = re.compile(r"[a-z0-9!#$%&'*+\-/=?^_`{|}~.]*", re.ASCII)
_LABEL: Final = re.compile(r"(?!..--|-)[a-z0-9-]{1,63}(?<!-)|xn--[a-z0-9-]{1,59}(?<!-)", re.ASCII)
_TOP_LABEL: Final = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]{1,59}", re.ASCII)
_IPV4: Final = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}", re.ASCII)
_MOBILE: Final = re.compile(r"1[3-9]\d{9}", re.ASCII)
_DIALLED: Final = re.compile(r"(?:tel:)?(\+?)([\d\s()./\-‐‑‒–—·]*)", re.ASCII)
_EXTENSION: Final = re.compile(
    r"[\s,;]*(?:ext(?:ension|n)?|x|#|转|轉|分机号?|分機號?)[\s.:=]*(\d{1,10})\s*$", re.ASCII
)
_WWW: Final = re.compile(r"(?:www\.)+(?=[^.]+\.)")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.\-]*://", re.ASCII | re.IGNORECASE)
_URL_SIGNS: Final = re.compile(r"[^\s<>\"\\^`{|}]+")


def clean(text: str) -> str:
    """Return `text` without blanks and invisible signs around it, or raise `InvalidValue`.

    Refused are control characters and line breaks of every kind, which would smuggle a second
    header into a mail.
    """
    given = check_text(text, path="raw", max_length=MAX_RAW)
    if not given.isprintable() and any(unicodedata.category(sign) in _BREAKS for sign in given):
        raise refuse("holds a control character", "raw", "remove line breaks and the like")
    start, end = 0, len(given)
    while start < end and _is_blank(given[start]):
        start += 1
    while end > start and _is_blank(given[end - 1]):
        end -= 1
    if start == end:
        raise refuse("is empty", "raw", "leave the contact point out")
    return given[start:end]


def email_key(text: str) -> str:
    """Return an e-mail address for comparing: folded, its domain in ASCII (IDNA).

    Taken are plain and internationalised addresses with a dotted domain; quoted names, comments
    and addresses in brackets are refused, as no customer has them.
    """
    cleaned = clean(text)
    folded = search_key(cleaned)
    local, at, domain = folded.rpartition("@")
    host = host_key(domain) if at and _is_local(local) and not _hides_signs(cleaned) else ""
    if not host or len(f"{local}@{host}".encode()) > MAX_EMAIL:
        raise refuse(f"{text!r} is not an e-mail address", "raw", "write name@example.com")
    return f"{local}@{host}"


def phone_key(text: str) -> str:
    """Return a phone number as `+` and digits, with `x` before an extension.

    Without a country it is one of China: a mobile number, or a landline with or without the 0 of
    its area code. Lengths follow E.164: at most 15 digits.
    """
    dialled, extension = _cut_extension(_dialled(clean(text)))
    found = _DIALLED.fullmatch(dialled)
    number = _international(bool(found[1]), found[2]) if found else ""
    if not 6 <= len(number) <= 15 or number.startswith("0"):
        raise refuse(f"{text!r} is not a phone number", "raw", "write +86 138 0013 8000")
    return f"+{number}x{extension}" if extension else f"+{number}"


def mobile_key(text: str) -> str:
    """Return a mobile number as `phone_key` does; of China only mobile numbers are taken."""
    key = phone_key(text)
    national = key.removeprefix(f"+{HOME_COUNTRY}")
    if national != key and not _MOBILE.fullmatch(national):
        raise refuse(f"{text!r} is not a mobile number", "raw", "write +86 138 0013 8000")
    return key


def website_key(text: str) -> str:
    """Return a website for comparing: without scheme, www., default port, fragment, last slash.

    Only http and https are websites; `javascript:` and names inside addresses are refused.
    """
    cleaned = clean(text)
    parts = _split_url(cleaned)
    host = host_key(search_key(parts.hostname or ""), ipv4=True) if parts else ""
    if parts is None or not host:
        raise refuse(f"{text!r} is not a website", "raw", "write https://example.com")
    port = f":{parts.port}" if parts.port not in {None, 80, 443} else ""
    query = f"?{parts.query}" if parts.query else ""
    return _WWW.sub("", host) + port + parts.path.rstrip("/") + query


def qq_key(text: str) -> str:
    """Return a QQ number: 5 to 12 digits."""
    number = search_key(clean(text))
    if not re.fullmatch(r"[1-9]\d{4,11}", number, re.ASCII):
        raise refuse(f"{text!r} is not a QQ number", "raw", "write its 5 to 12 digits")
    return number


def account_key(text: str) -> str:
    """Return the name of an account, such as that of WeChat: folded, in one word."""
    name = search_key(clean(text))
    if any(sign.isspace() for sign in name):
        raise refuse(f"{text!r} is not an account", "raw", "write it without blanks")
    return name


def other_key(text: str) -> str:
    """Return whatever else somebody is reached by: folded."""
    return clean(search_key(clean(text)))


def host_key(domain: str, *, ipv4: bool = False) -> str:
    """Return a folded domain in ASCII (IDNA), or nothing when it is not a dotted domain."""
    if ipv4 and _IPV4.fullmatch(domain):
        return domain
    labels = domain.split(".") if domain.isascii() else _ascii_labels(domain)
    top = labels[-1] if len(labels) > 1 else ""
    right = _TOP_LABEL.fullmatch(top) and all(_is_label(label) for label in labels)
    return ".".join(labels) if right and sum(map(len, labels)) + len(labels) <= 254 else ""


def _is_blank(sign: str) -> bool:
    return sign.isspace() or unicodedata.category(sign) == "Cf"


def _hides_signs(text: str) -> bool:
    """Tell whether one sign unfolds to several with a dot or an at among them, as ⒈ does."""
    unfolded = (unicodedata.normalize("NFKC", sign) for sign in text if not sign.isascii())
    return any(len(several) > 1 and set(several) & set(".@") for several in unfolded)


def _is_local(local: str) -> bool:
    if not local or local[0] == "." or local[-1] == "." or ".." in local:
        return False
    foreign = {unicodedata.category(sign)[0] for sign in local if not sign.isascii()}
    ascii_part = "".join(sign for sign in local if sign.isascii())
    letter_first = unicodedata.category(local[0])[0] != "M"
    return letter_first and foreign <= set("LMN") and bool(_ASCII_LOCAL.fullmatch(ascii_part))


def _ascii_labels(domain: str) -> list[str]:
    try:
        return [label.encode("idna").decode("ascii").lower() for label in domain.split(".")]
    except UnicodeError:
        return []


def _is_label(label: str) -> bool:
    if not _LABEL.fullmatch(label):
        return False
    if not label.startswith("xn--"):
        return True
    try:
        decoded = label.encode("ascii").decode("idna")
        return decoded.encode("idna").decode("ascii") == label
    except UnicodeError:
        return False


def _dialled(text: str) -> str:
    """Fold to ASCII digits of whatever script and drop invisible signs."""
    return "".join(
        str(unicodedata.decimal(sign)) if sign.isdecimal() else sign
        for sign in search_key(text)
        if unicodedata.category(sign) != "Cf"
    )


def _cut_extension(dialled: str) -> tuple[str, str]:
    found = _EXTENSION.search(dialled)
    return (dialled[: found.start()], found[1]) if found else (dialled, "")


def _international(with_plus: bool, dialled: str) -> str:  # noqa: FBT001 - what stood in front
    digits = re.sub(r"\D", "", dialled)
    if with_plus or digits.startswith("00"):
        digits = re.sub(r"\D", "", dialled.replace("(0)", "", 1)).removeprefix("00")
        home = digits.removeprefix(HOME_COUNTRY)
        return digits if home == digits else HOME_COUNTRY + home.removeprefix("0")
    if digits.startswith(HOME_COUNTRY) and len(digits) >= 12:
        return HOME_COUNTRY + digits.removeprefix(HOME_COUNTRY).removeprefix("0")
    return HOME_COUNTRY + digits.removeprefix("0") if len(digits) >= 5 else ""


def _split_url(text: str) -> SplitResult | None:
    url = text if _SCHEME.match(text) else f"https://{text}"
    try:
        parts = urlsplit(url)
        reachable = parts.scheme in {"http", "https"} and parts.port != 0
    except ValueError:
        return None
    return parts if reachable and parts.username is None and _URL_SIGNS.fullmatch(url) else None
