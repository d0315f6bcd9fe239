"""Use-cases over ports: take an event in, ship it, evaluate a minute, deliver a notification."""
