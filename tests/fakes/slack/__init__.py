"""A stand-in for Slack on loopback: real wire, own state, trouble on demand."""

from tests.fakes.slack.interactions import Ack, Interaction, Reply, View
from tests.fakes.slack.messages import Channel, File, Post, User, Whisper
from tests.fakes.slack.people import People
from tests.fakes.slack.records import Call, Ping, Violation
from tests.fakes.slack.server import SlackStandIn

__all__ = [
    "Ack",
    "Call",
    "Channel",
    "File",
    "Interaction",
    "People",
    "Ping",
    "Post",
    "Reply",
    "SlackStandIn",
    "User",
    "View",
    "Violation",
    "Whisper",
]
