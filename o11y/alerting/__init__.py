"""Alert policy: who is told what, and why not. Pure: decisions carry their reasons."""
