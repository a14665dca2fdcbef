"""The choices in the scope of a project, each from the least to the most costly."""

from enum import StrEnum


class Fit(StrEnum):
    """How much of a part the vendor's product has already."""

    STANDARD = "standard"
    ADAPTED = "adapted"
    NEW = "new"


class Complexity(StrEnum):
    """How much data the functions of a part touch."""

    SIMPLE = "simple"
    NORMAL = "normal"
    COMPLEX = "complex"


class Change(StrEnum):
    """Whether functions are added to a system, modified or deleted."""

    DELETE = "delete"
    MODIFY = "modify"
    ADD = "add"


class Permissions(StrEnum):
    """How finely permissions tell apart: by role, by unit (data scope), by field."""

    ROLE = "role"
    UNIT = "unit"
    FIELD = "field"


class Direction(StrEnum):
    """Which way data flow between the CRM and a linked system."""

    IN = "in"
    OUT = "out"
    BOTH = "both"


class Interface(StrEnum):
    """How far the pages are made the client's own: as they are, branded, redesigned."""

    STANDARD = "standard"
    BRANDED = "branded"
    REDESIGNED = "redesigned"


class Process(StrEnum):
    """How far the processes are made the client's own."""

    STANDARD = "standard"
    SOME = "some"
    DEEP = "deep"


class Cloud(StrEnum):
    """Where the system runs: on the client's own server, in a cloud, spread over several."""

    OWN_SERVER = "own_server"
    CLOUD = "cloud"
    SEVERAL = "several"


class Stage(StrEnum):
    """How far the project is: the earlier, the more the scope will still grow."""

    DELIVERED = "delivered"
    SPECIFIED = "specified"
    BID = "bid"
    BUDGET = "budget"


class Application(StrEnum):
    """The kind of application, as the benchmark weighs it."""

    BUSINESS = "business"
    SCIENCE = "science"
    MULTIMEDIA = "multimedia"
    INTELLIGENCE = "intelligence"
    PLATFORM = "platform"
    COMMUNICATION = "communication"
    CONTROL = "control"


class Integrity(StrEnum):
    """How far the software must be proven."""

    NORMAL = "normal"
    HIGH = "high"
    FULL = "full"


class Response(StrEnum):
    """How soon the vendor responds to a fault."""

    WITHIN_72H = "within_72h"
    WITHIN_48H = "within_48h"
    WITHIN_24H = "within_24h"


class Updates(StrEnum):
    """How often updates come."""

    QUARTERLY = "quarterly"
    MONTHLY = "monthly"
    MORE = "more"


class Support(StrEnum):
    """How much of the support is on site."""

    REMOTE = "remote"
    MOSTLY_ON_SITE = "mostly_on_site"
    ON_SITE = "on_site"


class PriceMode(StrEnum):
    """Whether labour costs what the benchmark says, or the vendor's own day rate plus margin."""

    BENCHMARK = "benchmark"
    OWN_RATE = "own_rate"


class TaxProfile(StrEnum):
    """How the vendor's sales are taxed."""

    SMALL_SCALE = "small_scale"
    SERVICES = "services"
    SOFTWARE_PRODUCT = "software_product"
