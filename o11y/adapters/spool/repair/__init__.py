"""A damaged spool: noticed, replaced by what its checksums vouch for, and the rest counted."""
