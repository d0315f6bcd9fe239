"""o11y: burn-rate alerting for LLM gateways."""

__version__ = "0.1.0"
