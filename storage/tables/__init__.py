"""Every table. The triggers that guard the ledger, the lanes and the ends of jobs live in the migrations."""

from storage.tables.asking import Asked, Draft, Heard
from storage.tables.base import Table, core
from storage.tables.books import Account, AccountKind, Hold, HoldState, Transfer
from storage.tables.bulletins import Bulletin, BulletinKind
from storage.tables.challenges import Challenge, ChallengePlace, Entry, EntryState, ThemeVote, Tie, Vote
from storage.tables.house import Audit, Report, Review, ReviewState, Seal
from storage.tables.music import Blob, Recording, Track, TrackFile
from storage.tables.people import Ban, Departed, Erased, Identity, LinkCode, User
from storage.tables.queue import LIVE, QUICK, Gate, GateState, Job, JobStatus, Lane, Outbox
from storage.tables.runs import Run, RunKind, RunStatus, Step, StepState
from storage.tables.schedules import Firing, Schedule, ScheduleKind
from storage.tables.web import ApiKey, JobMark, Ordered, WebhookDelivery, WebhookEndpoint

__all__ = [
    "LIVE",
    "QUICK",
    "Account",
    "AccountKind",
    "ApiKey",
    "Asked",
    "Audit",
    "Ban",
    "Blob",
    "Bulletin",
    "BulletinKind",
    "Challenge",
    "ChallengePlace",
    "Departed",
    "Draft",
    "Entry",
    "EntryState",
    "Erased",
    "Firing",
    "Gate",
    "GateState",
    "Heard",
    "Hold",
    "HoldState",
    "Identity",
    "Job",
    "JobMark",
    "JobStatus",
    "Lane",
    "LinkCode",
    "Ordered",
    "Outbox",
    "Recording",
    "Report",
    "Review",
    "ReviewState",
    "Run",
    "RunKind",
    "RunStatus",
    "Schedule",
    "ScheduleKind",
    "Seal",
    "Step",
    "StepState",
    "Table",
    "ThemeVote",
    "Tie",
    "Track",
    "TrackFile",
    "Transfer",
    "User",
    "Vote",
    "WebhookDelivery",
    "WebhookEndpoint",
    "core",
]
