"""Webhooks: people's own programs are told what becomes of their jobs, wherever those were asked for."""
