"""What of a request the model is told, and what of it does nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from engine.acestep.capabilities import SUNG
from engine.acestep.checkpoint import Checkpoint, ModelTask
from engine.acestep.session import Session
from engine.acestep.sheet import sheet
from engine.acestep.shelf import Chosen
from engine.acestep.wish import Adapter, Sampling, Text
from engine.acestep.words import fit, reader
from engine.spec import Generation, Notice, Plan
from engine.spec.languages import LANGUAGES
from engine.studio import notices
from engine.studio.compose.lyrics import parse_lyrics

# A language model of its own plans songs with these; here the house's own understanding does.
UNUSED = (
    "thinking", "lm_temperature", "lm_cfg_scale", "lm_top_k", "lm_top_p", "lm_negative_prompt", "use_cot_metas",
    "use_cot_caption", "use_cot_language", "use_cot_lyrics", "use_constrained_decoding", "generate_lrc",
)  # fmt: skip
SAMPLER = ("inference_steps", "shift", "infer_method", "guidance_scale", "use_adg")
INTERVAL = ("cfg_interval_start", "cfg_interval_end")
ADAPTER = ("lora_name_or_path", "lora_weight")
# How music without words is told to the model.
UNSUNG = "[Instrumental]"
UNKNOWN = "unknown"


def sampling(spec: Generation, checkpoint: Checkpoint, before: Sampling | None = None) -> Sampling:
    """How `spec` wants noise made music; what it leaves open is as `before`, else as suits the checkpoint.

    Guidance is part of what turbo checkpoints learned: they are given none.
    """
    usual = checkpoint.defaults
    base = before or Sampling(usual.steps, usual.shift, usual.guidance)
    start, end = spec.cfg_interval_start, spec.cfg_interval_end
    made = replace(
        base,
        steps=spec.inference_steps or base.steps,
        shift=spec.shift or base.shift,
        guidance=spec.guidance_scale or base.guidance,
        method="sde" if spec.infer_method == "sde" else base.method,
        adg=spec.use_adg or base.adg,
        interval=base.interval if (start, end) == (0.0, 1.0) else (start, end),
    )
    return replace(made, guidance=1.0, adg=False, interval=(0.0, 1.0)) if checkpoint.variant == "turbo" else made


def adapter(spec: Generation, session: Session, before: Adapter | None = None) -> Adapter | None:
    """The style adapter that `spec` asks for, else `before`. Raises `EngineError`, permanent: `adapter_unknown`."""
    name = spec.lora_name_or_path
    found = Adapter(name, spec.lora_weight) if name else before
    if found is None:
        return None
    path = session.shelf.adapter(found.name)
    return replace(found, name=next(known for known, at in session.shelf.adapters.items() if at == path))


def idle(spec: Generation, checkpoint: Checkpoint, made: Sampling, others: Iterable[str] = ()) -> list[Notice]:
    """A notice of what somebody set that changes nothing: for anybody, for this checkpoint, or with what else is set.

    `others` change nothing about this task.
    """
    names = [*UNUSED, *others, *_unguided(checkpoint, made)]
    if spec.lora_name_or_path is None:
        names.append("lora_weight")
    return notices.idle(spec, dict.fromkeys(names))


def _unguided(checkpoint: Checkpoint, made: Sampling) -> tuple[str, ...]:
    if checkpoint.variant == "turbo":
        return ("guidance_scale", "use_adg", *INTERVAL)
    if made.guidance <= 1:
        return ("use_adg", *INTERVAL)
    first, last = (round(share * made.steps) for share in made.interval)
    return ("guidance_scale", "use_adg") if first >= last else ()


def text_of(plan: Plan, caption: str, *, seconds: float | None = None) -> Text:
    """What the model reads of a song like `plan`, whose sound `caption` describes.

    `seconds` is how long it is told the music is, where that isn't as long as the plan says.
    """
    lyrics = sheet(plan.lyrics)
    if not worded(lyrics) and UNSUNG.casefold() not in lyrics.casefold():
        lyrics = f"{UNSUNG}\n{lyrics}".rstrip()
    return Text(
        caption=caption,
        lyrics=lyrics,
        language=plan.vocal_language if plan.vocal_language in SUNG else UNKNOWN,
        bpm=plan.bpm,
        keyscale=plan.keyscale,
        timesignature=plan.timesignature,
        seconds=plan.duration if seconds is None else seconds,
    )


def fitted(text: Text, task: ModelTask, chosen: Chosen) -> tuple[Text, list[Notice]]:
    """`text` as far as the model reads it, with notices of the rest: `caption_shortened`, `lyrics_cut` (count)."""
    found = fit(reader(chosen.checkpoint), text, task)
    told = []
    if found.shortened:
        told.append(Notice(code="caption_shortened"))
    if found.lines_cut:
        told.append(Notice(code="lyrics_cut", params={"count": found.lines_cut}))
    return found.text, told


def unlearned(plan: Plan) -> list[Notice]:
    """A notice where somebody sings in a language that the model never learned."""
    language = plan.vocal_language
    if plan.instrumental or language == UNKNOWN or language in SUNG:
        return []
    return [Notice(code="language_unlearned", params={"language": LANGUAGES.get(language, language)})]


def instead(spec: Generation, chosen: Chosen) -> list[Notice]:
    """A notice where the version that `spec` asks for isn't here and another makes the song."""
    if chosen.version == spec.model_version:
        return []
    return [Notice(code="model_instead", params={"asked": spec.model_version, "used": chosen.version})]


def worded(lyrics: str) -> bool:
    """Whether there is anything to sing in `lyrics`, which may be tags alone."""
    return any(text for _, text in parse_lyrics(lyrics))
