"""What is made out in the sound that an order starts from: exact where its score is kept, listened to where not."""

from __future__ import annotations

from collections.abc import Callable

from engine.hearing.describe import confidences
from engine.hearing.listen import listen
from engine.hearing.transcript import Transcript
from engine.separation.approximate import estimate
from engine.spec import Heard, Order, Request
from engine.spec.tasks import Cover, Edit, Extend, ExtractStem, Reference, Repaint, Stems
from engine.studio.compose.theory import keyscale
from engine.studio.given import Given, given, is_outside
from engine.studio.known import known
from engine.studio.session import Session

# A song is listened to for its plan, and again for its sound.
TRANSCRIPTS_KEPT = 2
# Of the work: finding the voice, without which the tune of a full mix is heard less well.
VOICE_AT = 0.6


def transcript_of(
    start: Given,
    session: Session,
    on_progress: Callable[[float], None] = lambda _: None,
    *,
    closely: bool = True,
) -> Transcript:
    """The transcript of `start`; the last ones are remembered. `on_progress` hears 0 to 1, and may raise to end it.

    Listening `closely` takes the voice out first, to hear the tune better: three times the work. Raises `EngineError`,
    permanent: `source_gone`.
    """
    keys = [(start.key, True)] if closely else [(start.key, True), (start.key, False)]
    before = next((session.transcripts[key] for key in keys if key in session.transcripts), None)
    if before is None:
        before = _made(start, on_progress, closely)
        for oldest in list(session.transcripts)[: 1 - TRANSCRIPTS_KEPT]:
            session.transcripts.pop(oldest, None)
        session.transcripts[start.key, closely] = before
    on_progress(1.0)
    return before


def listened(spec: Request, order: Order, session: Session, on_progress: Callable[[float], None]) -> None:
    """Listen to what `order` starts from, where `spec` goes by that: what follows finds it remembered.

    Raises as `transcript_of` and `engine.studio.given.given` do.
    """
    match spec:
        case Cover():
            transcript_of(given(order), session, on_progress)
        case Reference():
            transcript_of(given(order), session, on_progress, closely=False)
        case Repaint() | Extend() | Edit() if is_outside(order):
            transcript_of(given(order), session, on_progress, closely=isinstance(spec, Edit))
        case Stems() | ExtractStem() if order.recording is not None:
            transcript_of(given(order), session, on_progress, closely=False)


def _made(start: Given, on_progress: Callable[[float], None], closely: bool) -> Transcript:
    audio = start.sound()
    if start.kept is not None:
        return known(start.kept, audio)
    if not closely:
        return listen(audio, on_progress)
    voice = estimate(audio, lambda share: on_progress(VOICE_AT * share))["vocals"]
    return listen(audio, lambda share: on_progress(VOICE_AT + (1 - VOICE_AT) * share), voice)


def heard_facts(transcript: Transcript, title: str) -> Heard:
    """What plans say of a source without a score; `title` is its own."""
    pulse, tonality = transcript.pulse, transcript.tonality
    return Heard(
        title=title,
        bpm=pulse.bpm,
        keyscale=keyscale(tonality.tonic, tonality.minor),
        timesignature=pulse.timesignature,
        confidence=confidences(transcript),
    )
