"""Every table. The triggers that guard the ledger, the lanes and the ends of jobs live in the migrations."""

from storage.tables.asking import Asked, Draft, Heard
from storage.tables.base import Table, core
from storage.tables.books import Account, AccountKind, Hold, HoldState, Transfer
from storage.tables.house import Audit, Report, Review, ReviewState
from storage.tables.music import Blob, Track, TrackFile
from storage.tables.people import Ban, Identity, LinkCode, User
from storage.tables.queue import LIVE, Gate, GateState, Job, JobStatus, Lane, Outbox

__all__ = [
    "LIVE",
    "Account",
    "AccountKind",
    "Asked",
    "Audit",
    "Ban",
    "Blob",
    "Draft",
    "Gate",
    "GateState",
    "Heard",
    "Hold",
    "HoldState",
    "Identity",
    "Job",
    "JobStatus",
    "Lane",
    "LinkCode",
    "Outbox",
    "Report",
    "Review",
    "ReviewState",
    "Table",
    "Track",
    "TrackFile",
    "Transfer",
    "User",
    "core",
]
