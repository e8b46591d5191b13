"""Minstrel in a Slack workspace."""
