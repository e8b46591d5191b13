"""Every table. The triggers that guard the ledger, the lanes and the ends of jobs live in the migrations."""

from storage.tables.asking import Asked, Draft, Heard
from storage.tables.base import Table, core
from storage.tables.books import Account, AccountKind, Hold, HoldState, Transfer
from storage.tables.house import Audit, Report, Review, ReviewState, Seal
from storage.tables.music import Blob, Recording, Track, TrackFile
from storage.tables.people import Ban, Identity, LinkCode, User
from storage.tables.queue import LIVE, QUICK, Gate, GateState, Job, JobStatus, Lane, Outbox

__all__ = [
    "LIVE",
    "QUICK",
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
    "Recording",
    "Report",
    "Review",
    "ReviewState",
    "Seal",
    "Table",
    "Track",
    "TrackFile",
    "Transfer",
    "User",
    "core",
]
