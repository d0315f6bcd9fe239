"""Slack as a receiver: the message (pure), and the incoming webhook that takes it."""
