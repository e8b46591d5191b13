"""What a challenge says in its channels: one bulletin for each thing there is to say, each in every channel once.

Which those are follows from the challenge and now. So what was missed while nobody looked is said when somebody does,
unless it is over by then: nobody is asked to enter what can't be entered any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlmodel import Session

from storage import bulletins, challenges, entries
from storage.tables import Challenge, ChallengePlace
from storage.users import TERMINAL
from workflows.challenges.state import phase, to_remind

# So many entries are shown in one message: both chats take as many files with it.
ON_PAGE = 10


def page_of(topic: str) -> int:
    """Which page of the ballot a bulletin of this topic shows, from 0."""
    return int(topic.removeprefix("vote_")) - 1 if topic.startswith("vote_") else 0


def missing(session: Session, challenge: Challenge, now: int) -> list[tuple[ChallengePlace, str]]:
    """What should be said by now and is not, and where. Only reads."""
    posted: dict[str, int] = {row.key: row.created_at for row in bulletins.of(session, "challenge", challenge.id)}
    voting = phase(challenge, now) == "vote"
    pages = -(-entries.last_number(session, challenge.id) // ON_PAGE) if voting else 0
    return [
        (place, topic)
        for place in challenges.places(session, challenge.id)
        if place.surface != TERMINAL
        for topic in _wanted(challenge, now, posted, place, pages)
        if _key(challenge, topic, place) not in posted
    ]


def catch_up(session: Session, challenge: Challenge, now: int) -> bool:
    """Say what is missing; what was said before is no longer how things stand. False where nothing was missing."""
    found = missing(session, challenge, now)
    if not found:
        return False
    bulletins.bump(session, "challenge", challenge.id, now, at_once=True)
    for place, topic in found:
        bulletins.put_up(
            session, key=_key(challenge, topic, place), kind="challenge", subject=challenge.id, topic=topic,
            surface=place.surface, channel=place.channel, server=place.server, now=now,
        )  # fmt: skip
    return True


def changed(session: Session, challenge_id: int, now: int, *, topic: str | None = None, at_once: bool = False) -> None:
    """What its bulletins say has changed, or those of one `topic`."""
    bulletins.bump(session, "challenge", challenge_id, now, topic=topic, at_once=at_once)


def song_gone(session: Session, job_id: int, now: int) -> None:
    """The music of this job was thrown away or taken down: where it was entered, it is to be heard no longer.

    On the ballots and podiums of what is over neither.
    """
    for challenge_id in entries.in_challenges(session, job_id):
        changed(session, challenge_id, now, at_once=True)


def _key(challenge: Challenge, topic: str, place: ChallengePlace) -> str:
    return f"challenge:{challenge.id}:{topic}:{place.id}"


def _wanted(
    challenge: Challenge, now: int, posted: Mapping[str, int], place: ChallengePlace, pages: int
) -> Iterator[str]:
    at = phase(challenge, now)
    if at == "over":
        if challenge.tallied_at is not None:
            yield "podium"
        return
    if at == "cancelled":
        if any(key.endswith(f":{place.id}") for key in posted):
            yield "cancelled"
        return
    if at == "planned":
        return
    yield at
    yield from (f"vote_{page}" for page in range(2, pages + 1))
    moment, since = to_remind(challenge, at), posted.get(_key(challenge, at, place))
    # Whoever hears of it only now need not be reminded at once.
    if moment is not None and moment <= now and since is not None and since < moment:
        yield f"remind_{at}"
