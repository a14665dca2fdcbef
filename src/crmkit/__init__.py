"""crmkit: a CRM core to build on."""

__version__ = "0.1.0"
