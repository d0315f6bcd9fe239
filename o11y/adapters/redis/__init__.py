"""Redis or Valkey: what replicas agree on."""
