"""The dashboard: HTML pages for those who administer, over the worker's use-cases."""
