"""What o11y looks for in itself, each check a noun of its own; ``watch`` runs them, ``notices`` tells."""
