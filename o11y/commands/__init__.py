"""One module for each command of ``o11y``: what it prints and its exit code."""
