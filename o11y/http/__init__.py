"""The ASGI doors: ingest, health, metrics, control."""
