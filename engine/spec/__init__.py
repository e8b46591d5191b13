"""What can be asked of an engine, in frozen values; light enough for every process to import."""

from engine.spec.base import Generation, Request
from engine.spec.errors import Cancelled, EngineError, InvalidSpec, Problem
from engine.spec.estimate import Estimate, estimate
from engine.spec.parse import option_names, parse, parse_as, restore
from engine.spec.plan import Capabilities, Notice, Order, Plan, Source, SourceFile, TrackFile, TrackResult
from engine.spec.preset import Preset
from engine.spec.protocol import Engine, LineTime, Take, TrackSink, WordTime
from engine.spec.running import EnginePool, Event, Planned, Progressed, Staged
from engine.spec.tasks import MODELS, Spec
from engine.spec.words import Words

__all__ = [
    "MODELS",
    "Cancelled",
    "Capabilities",
    "Engine",
    "EngineError",
    "EnginePool",
    "Estimate",
    "Event",
    "Generation",
    "InvalidSpec",
    "LineTime",
    "Notice",
    "Order",
    "Plan",
    "Planned",
    "Preset",
    "Problem",
    "Progressed",
    "Request",
    "Source",
    "SourceFile",
    "Spec",
    "Staged",
    "Take",
    "TrackFile",
    "TrackResult",
    "TrackSink",
    "WordTime",
    "Words",
    "estimate",
    "option_names",
    "parse",
    "parse_as",
    "restore",
]
