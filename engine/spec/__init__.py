"""What can be asked of an engine, in frozen values; light enough for every process to import."""

from engine.spec.analysis import Analysis
from engine.spec.base import Generation, Request
from engine.spec.errors import Cancelled, EngineError, InvalidSpec, Problem
from engine.spec.estimate import Estimate, estimate
from engine.spec.incoming import Decoded, Decoder
from engine.spec.parse import option_names, parse, parse_as, restore
from engine.spec.plan import (
    Capabilities,
    Heard,
    Notice,
    Order,
    Plan,
    Recording,
    Source,
    SourceFile,
    TrackFile,
    TrackResult,
)
from engine.spec.preset import Preset
from engine.spec.protocol import Engine, LineTime, Take, TrackSink, WordTime
from engine.spec.running import Analysed, EnginePool, Event, Planned, Progressed, Staged
from engine.spec.tasks import MODELS, Spec
from engine.spec.words import Words

__all__ = [
    "MODELS",
    "Analysed",
    "Analysis",
    "Cancelled",
    "Capabilities",
    "Decoded",
    "Decoder",
    "Engine",
    "EngineError",
    "EnginePool",
    "Estimate",
    "Event",
    "Generation",
    "Heard",
    "InvalidSpec",
    "LineTime",
    "Notice",
    "Order",
    "Plan",
    "Planned",
    "Preset",
    "Problem",
    "Progressed",
    "Recording",
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
