"""The eSpeak NG process: the same words always sound the same, and its end is noticed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from engine.studio.voice.espeak import ROOT, Speaker, VoiceUnavailable

WORKER = "engine.studio.voice.espeak_worker"


def workers(parent: int) -> list[int]:
    found = []
    for child in psutil.Process(parent).children():
        # One that was just killed has no command line any more.
        with contextlib.suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
            found += [child.pid] if WORKER in " ".join(child.cmdline()) else []
    return found


def worker_that(does: str) -> tuple[str, ...]:
    return (sys.executable, "-c", f"{does}\nfrom {WORKER} import main\nmain()")


def test_same_words_sound_the_same_whatever_was_said_before() -> None:
    with Speaker() as first, Speaker() as second:
        for text in ("some other words", "she sells sea shells"):
            first.speak(text, "en-us")
        second.speak("не то", "ru")
        one = first.speak("kiss the pouring rain", "en-us")
        other = second.speak("kiss the pouring rain", "en-us")
    assert one.pcm.tobytes() == other.pcm.tobytes()
    assert one.phones == other.phones
    assert np.abs(one.pcm).max() > 0.1


def test_phonemes_and_words_lie_inside_the_sound() -> None:
    with Speaker() as speaker:
        speech = speaker.speak("walking home", "en-us")
    assert "".join(phone.symbol for phone in speech.phones) == "wˈɔːkɪŋhˈoʊm"
    assert [word.position for word in speech.words] == [0, 8]
    samples = [phone.sample for phone in speech.phones]
    assert samples == sorted(samples)
    assert 0 <= samples[0] < samples[-1] <= len(speech.pcm)


def test_speech_stays_on_the_pitch_asked_for() -> None:
    with Speaker() as speaker:
        speech = speaker.speak("ah", "en-us", pitch=105)
    middle = speech.pcm[len(speech.pcm) // 4 :][:2100].astype(np.float64)
    correlation = [np.dot(middle[:1500], middle[lag : lag + 1500]) for lag in range(150, 300)]
    assert 150 + int(np.argmax(correlation)) == speech.rate // 105


def test_a_killed_process_is_replaced() -> None:
    with Speaker() as speaker:
        before = speaker.speak("before", "en-us")
        (pid,) = workers(os.getpid())
        os.kill(pid, signal.SIGKILL)
        after = speaker.speak("after", "en-us")
        assert workers(os.getpid()) != [pid]
    assert len(before.pcm) > 0
    assert len(after.pcm) > 0
    assert workers(os.getpid()) == []


def test_a_missing_library_is_said() -> None:
    with (
        Speaker(worker_that("import sys; sys.modules['espeakng_loader'] = None")) as speaker,
        pytest.raises(VoiceUnavailable, match="could not be loaded"),
    ):
        speaker.speak("anything", "en-us")


@pytest.mark.parametrize("command", [(sys.executable, "-c", "raise SystemExit(3)"), ("/nowhere/python",)])
def test_a_process_that_never_starts_is_said(command: tuple[str, ...]) -> None:
    with Speaker(command) as speaker, pytest.raises(VoiceUnavailable, match="did not start"):
        _ = speaker.voices


def test_words_that_kill_the_voice_twice_are_given_up_and_others_still_sound() -> None:
    dying = f"""
import os, {WORKER} as worker
answer = worker.speak_in_fork
def speak_in_fork(library, rate, line):
    if b"fatal" in line:
        os._exit(9)
    return answer(library, rate, line)
worker.speak_in_fork = speak_in_fork"""
    with Speaker(worker_that(dying)) as speaker:
        with pytest.raises(VoiceUnavailable, match="twice"):
            speaker.speak("fatal words", "en-us")
        assert len(speaker.speak("harmless words", "en-us").pcm) > 0


def test_an_unknown_voice_is_said() -> None:
    with Speaker() as speaker, pytest.raises(VoiceUnavailable, match="no voice"):
        speaker.speak("hello", "klingon-of-old")


def test_the_process_ends_with_its_parent() -> None:
    code = "\n".join(
        (
            "import time",
            "from engine.studio.voice.espeak import Speaker",
            "speaker = Speaker()",
            "speaker.speak('hello', 'en-us')",
            "print('ready', flush=True)",
            "time.sleep(60)",
        )
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout as out:
        assert out.readline() == b"ready\n"
    (pid,) = workers(parent.pid)
    parent.kill()
    parent.wait()
    for _ in range(500):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.02)
    pytest.fail("the eSpeak process outlived its parent")


def test_the_process_is_light_and_the_engine_loads_no_espeak() -> None:
    for module, absent in ((WORKER, ("torch", "numpy")), ("engine.studio.voice.sing", ("espeakng_loader",))):
        code = f"import sys, {module}\nprint([name for name in {absent!r} if name in sys.modules])"
        result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
        assert result.stdout == b"[]\n"
