"""One vendor role a module: ClickHouse, Redis, Slack, PostHog, the spool."""
