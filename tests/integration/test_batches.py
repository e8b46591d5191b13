"""A list of commands from a chat: offered whole, begun by a yes, followed in one message, called off, tried again."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import func, select

from bot import placards
from bot.answers import Answer
from bot.desk import Desk
from bot.placard import Placard
from bot.rows import understanding
from bot.run_files import bundle
from bot.run_words import standing, waits
from storage import blobs, bulletins, ledger
from storage.tables import Job
from tests.fakes.incoming import ScriptedDecoder, ScriptedFetcher
from tests.fakes.pool import ListeningPool, ScriptedPool
from tests.integration.house import House, rules
from workflows import control, credits, queue
from workflows.batches import files
from workflows.batches.plan import plan
from workflows.bulletins import look as look_at
from workflows.incoming import Incoming
from workflows.moderation import Moderation
from workflows.people import OPERATOR, ReplyTo, Requester, now_ms
from workflows.refusal import Refusal
from workflows.runs.feed import Feeder
from workflows.runs.plan import Problem, Proposal
from workflows.runs.view import RunView
from workflows.runs.view import look as look_run

BEN, CAT = Requester("chat", "ben", "ben"), Requester("chat", "cat", "cat")
HERE, ELSEWHERE = ReplyTo("chat", "room"), ReplyTo("chat", "cellar")
LIST = "https://lists.example/songs.csv"


@dataclass
class Shop(House):
    """A house with a desk, a door, and what takes runs further when it is told to."""

    pool: ScriptedPool = field(default_factory=ListeningPool)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.rules = rules(capabilities=ListeningPool.capabilities)
        self.fetcher = ScriptedFetcher({})
        self.incoming = Incoming(
            db=self.db, blobs=self.blobs, rules=self.rules, fetcher=lambda: self.fetcher, decoder=ScriptedDecoder(),
            folder=self.folder / "incoming",
        )  # fmt: skip
        self.desk = Desk(self.db, self.rules, lambda: None, self.incoming)
        self.asked = 0

    def types(self, text: str, who: Requester = BEN, where: ReplyTo = HERE) -> Answer:
        self.asked += 1
        answer = asyncio.run(self.desk.typed(who, where, text, f"typed {self.asked}"))
        assert isinstance(answer, Answer)
        return answer

    def gives(self, rows: str, who: Requester = BEN) -> Answer:
        self.fetcher.world[LIST] = rows.encode()
        return self.types(f"/batch {LIST}", who)

    def presses(self, name: str, run: int, who: Requester = BEN, where: ReplyTo = HERE) -> str:
        self.asked += 1
        answer = asyncio.run(self.desk.did(who, where, name, run, 0, f"pressed {self.asked}"))
        assert isinstance(answer, Answer)
        return answer.text

    def goes_on(self, steps: int = 50) -> None:
        """Until nothing is left to do, or so often."""

        async def story() -> None:
            feeder, worker = Feeder(self.db, self.rules, self.incoming), self.worker()
            for _ in range(steps):
                fed = await feeder.feed()
                await self.work(worker)
                if not fed:
                    return

        asyncio.run(story())

    def proposal(self, rows: str, who: Requester = BEN, where: ReplyTo = HERE) -> Proposal:
        understand = understanding(self.desk.commands)
        return asyncio.run(plan(self.db, self.rules, who, where, rows.encode(), "songs.csv", understand))

    def run_view(self, run: int) -> RunView:
        return self.db.read(lambda session: look_run(session, run))

    def message(self, run: int) -> Placard:
        """What the one message of the run says now."""
        notices = self.db.read(lambda s: [look_at(s, row) for row in bulletins.of(s, "run", run)])
        assert len(notices) == 1
        return placards.draw(notices[0], self.rules)

    def balance(self) -> tuple[int, int]:
        has = asyncio.run(credits.balance(self.db, self.rules.pricing, BEN))
        return has.posted, has.held

    def jobs(self) -> int:
        return self.db.read(lambda session: session.exec(select(func.count()).select_from(Job)).one())


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = Shop(tmp_path)
    yield opened
    opened.db.close()


def sheet(text: str) -> dict[str, dict[str, str]]:
    return {row["row"]: row for row in csv.DictReader(io.StringIO(text))}


def told(problems: tuple[Problem, ...]) -> dict[int, tuple[str, Any]]:
    return {each.line: (each.code, each.params.get("field")) for each in problems}


# --- judged as a whole ---


def test_every_row_is_judged_as_a_request_of_its_own(shop: Shop) -> None:
    own = asyncio.run(shop.ask("blues", who=BEN))
    hers = asyncio.run(shop.ask("hers", who=CAT))
    shop.goes_on()
    found = shop.proposal(
        "command,caption,duration,source_job_id,bpm,seed\n"
        "song,blues,30,,90,7\n"
        "/song jazz waltz,,60,,,\n"
        f"cover,bossa nova,,#{own.job_id},,\n"
        f"stems,,,{own.job_id},,\n"
        "song,,,,,\n"
        "song,blues,30,,900,\n"
        f"cover,bossa nova,,{hers.job_id},,\n"
        "retake,,,,,\n"
        "analyze,,,,90,\n"
        "/song bpm:90 blues,,,,91,\n"
        "simple rain,,,,,\n"
        "batch,,,,,\n"
        "/song tempi:90 x,,,,,\n"
        "song,blues,30,,,-3\n"
    )
    assert [(step.line, step.task, step.price, step.duration) for step in found.steps] == [
        (2, "text2music", 5, 30), (3, "text2music", 40, 60), (4, "cover", 5, 30), (5, "stems", 5, 30),
    ]  # fmt: skip
    assert found.steps[0].values == {"caption": "blues", "duration": 30.0, "bpm": 90, "seed": 7}
    assert [step.label for step in found.steps[:2]] == ["blues", "jazz waltz"]
    assert told(found.problems) == {
        6: ("nothing_to_go_by", "caption"),
        7: ("bad_value", "bpm"),
        8: ("job_not_found", "source_job_id"),
        9: ("missing", "original_job_id"),
        10: ("unknown_option", "bpm"),
        11: ("duplicate_option", "bpm"),
        12: ("task_not_available", None),
        13: ("row_not_music", "command"),
        14: ("unknown_option", "tempi"),
        15: ("bad_value", "seed"),
    }
    assert [problem.line for problem in found.problems] == sorted(problem.line for problem in found.problems)
    assert found.problems[1].text == "song caption:blues duration:30 bpm:900"


def test_a_link_costs_at_most_what_it_can_and_is_followed_by_nobody_yet(shop: Shop) -> None:
    found = shop.proposal(
        "command,caption,src_audio_url,duration\n"
        "cover,bossa,https://music.example/rain.mp3,\n"
        "cover,bossa,https://music.example/rain.mp3,20\n"
        "stems,,https://music.example/rain.mp3,\n"
        "cover,bossa,https://me:secret@music.example/rain.mp3,\n"
        "cover,bossa,rain.mp3,\n"
    )
    assert [(step.line, step.price, step.duration) for step in found.steps] == [(2, 40, 600), (3, 5, 20), (4, 5, 600)]
    assert told(found.problems) == {5: ("link_with_password", "src_audio_url"), 6: ("bad_value", "src_audio_url")}
    assert "secret" not in str(found.problems[0].params)
    assert shop.fetcher.asked == []


def test_a_link_is_paid_by_its_own_length_when_its_turn_comes(shop: Shop) -> None:
    offered = shop.gives("command,caption,src_audio_url\ncover,bossa,https://music.example/rain.mp3\n")
    assert "1 row from a link" in offered.text
    assert "40 credits" in offered.text
    shop.fetcher.world["https://music.example/rain.mp3"] = b"20 Rain"
    shop.presses("run_start", offered.deeds[0].on)
    assert shop.balance() == (1000, 40)
    shop.goes_on()
    assert shop.balance() == (995, 0)


def test_what_is_too_much_is_refused_as_a_whole(shop: Shop) -> None:
    with pytest.raises(Refusal) as refused:
        shop.proposal("/song a\n" * 201)
    assert (refused.value.code, refused.value.value, refused.value.params["most"]) == ("rows_too_many", 201, 200)
    assert len(shop.proposal("/song a\n" * 200).steps) == 200


# --- offered ---


def test_an_offer_says_what_it_costs_and_what_is_wrong_and_holds_nothing(shop: Shop) -> None:
    rows = "".join(f"/song number {number} duration:30\n" for number in range(12))
    offered = shop.gives(f"{rows}/song x bpm:3\n")
    assert offered.text.splitlines()[0] == (
        "songs: 12 songs, 60 credits, 6 minutes of music. "
        "Nothing begins before you say so, and only what is made is paid."
    )
    assert "line 1: number 0 · 0:30 · 5 credits" in offered.text
    assert "… and 7 more" in offered.text
    assert offered.text.endswith("1 row can't be made:\nline 13: `bpm` is 3, must be 30 to 300 BPM. Try `bpm:30`.")
    assert [(deed.name, deed.label) for deed in offered.deeds] == [
        ("run_start", "Start the other 12"), ("run_drop", None),
    ]  # fmt: skip
    assert (shop.jobs(), shop.balance()) == (0, (1000, 0))
    assert "/runs" not in shop.presses("run_drop", offered.deeds[0].on)
    assert shop.types("/runs").text == "No batches and no recipes yet. Try `/batch`, or `/recipe list`."


def test_an_offer_that_nobody_can_pay_says_what_is_missing(shop: Shop) -> None:
    offered = shop.gives("/song long duration:600 batch_size:8\n" * 4)
    assert "You have 1,000 credits, 280 too few." in offered.text
    assert "280" in shop.presses("run_start", offered.deeds[0].on) or shop.balance() == (1000, 0)
    assert shop.run_view(offered.deeds[0].on).status == "PROPOSED"


def test_where_all_rows_are_wrong_there_is_nothing_to_start(shop: Shop) -> None:
    answer = shop.types('/batch rows:"/sogn x\\n/song y bpm:3"')
    assert answer.deeds == ()
    assert answer.text.splitlines()[0] == "None of it can be made, so nothing was kept. What is wrong:"
    assert "line 1: I don't know the command `/sogn`. Did you mean `/song`?" in answer.text
    assert shop.types("/runs").deeds == ()


def test_a_list_comes_from_one_place(shop: Shop) -> None:
    assert "keep only one" in shop.types(f'/batch rows_url:{LIST} rows:"/song x"').text
    assert "no such place" in shop.types("/batch https://nowhere.example/a.csv").text
    assert "Write one command in each line" in shop.gives("\n").text


def test_a_file_that_was_sent_has_a_link_of_ours_until_it_is_swept(shop: Shop) -> None:
    async def sent(room: Path) -> Path:
        (room / "theirs").write_text("- /song blues duration:30\n")
        return room / "theirs"

    link = asyncio.run(files.received(shop.incoming, sent, "my songs.yaml", BEN, field="rows_url"))
    assert "my songs: 1 song" in shop.types(f'/batch rows_url:"{link}"').text
    assert "link" in shop.types(f'/batch rows_url:"{link}0"').text, "nobody can make one up"
    shop.db.write(lambda session: blobs.sweep(session, shop.blobs, older_than_s=-60))
    assert shop.types(f'/batch rows_url:"{link}"').text == "That file is no longer here. Send it once more."


# --- begun ---


def test_a_batch_from_its_offer_to_its_files(shop: Shop) -> None:
    run = shop.gives("/song crash\n/song blues duration:30\n/song jazz duration:30 batch_size:2\n/sogn x").deeds[0].on
    assert "not yours" not in shop.presses("run_start", run)
    assert "Only" in shop.presses("run_cancel", run, CAT)
    assert shop.presses("run_start", run) == "That one was started already, or is there no longer. `/runs` shows yours."
    begun = shop.message(run)
    assert (begun.title, begun.line, begun.ended) == ("♪ songs", "▱▱▱▱▱▱▱▱ 0 of 3 songs", False)
    assert [deed.name for deed in begun.deeds] == ["run_cancel"]
    shop.goes_on()
    ended = shop.message(run)
    assert ended.ended
    assert ended.line == "done: 2 songs, 15 credits · 1 failed, not charged"
    assert [line.partition(": ")[0] for line in ended.lines] == ["line 1", "line 4"]
    assert "Nothing was charged." in ended.lines[0]
    assert [deed.name for deed in ended.deeds] == ["run_retry", "run_show"]
    assert ended.sheet is not None
    table = sheet(ended.sheet[1])
    assert {line: row["status"] for line, row in table.items()} == {
        "1": "failed", "2": "done", "3": "done", "4": "refused",
    }  # fmt: skip
    assert table["2"]["command"] == "/song duration:30 caption:blues"
    assert (table["3"]["credits"], len(table["3"]["seed"].split())) == ("10", 2)
    assert shop.balance() == (985, 0)
    everything = bundle(shop.run_view(run), everything=True)
    assert everything is not None
    assert [name for name, _, _ in everything.files] == [
        "02-a-title.flac", "02-a-title-stems/drums.flac",
        "03-a-title.flac", "03-a-title-stems/drums.flac", "03-a-title-2.flac", "03-a-title-2-stems/drums.flac",
    ]  # fmt: skip


def test_what_failed_is_tried_again_and_what_is_there_stays(shop: Shop) -> None:
    run = shop.gives("/song crash once\n/song blues duration:30\n").deeds[0].on
    shop.rules = replace(shop.rules, limits=shop.rules.limits.model_copy(update={"attempts": 1}))
    shop.presses("run_start", run)
    shop.goes_on()
    assert shop.message(run).line.startswith("done: 1 song")
    assert shop.presses("run_retry", run) == (
        "Trying 1 song once more. The message in the channel tells how far that is."
    )
    shop.goes_on()
    assert shop.message(run).line == "done: 2 songs, 45 credits"
    assert [order.spec["caption"] for order in shop.pool.orders] == ["crash once", "blues", "crash once"]
    assert shop.message(run).deeds[0].name == "run_show"
    assert shop.presses("run_retry", run).startswith(f"Nothing of run {run} can be tried again:")


def test_the_rest_is_called_off_and_what_is_made_stays(shop: Shop) -> None:
    run = shop.gives("".join(f"/song song {number} duration:30\n" for number in range(20))).deeds[0].on
    shop.presses("run_start", run)
    assert shop.balance() == (1000, 100)
    shop.goes_on(steps=1)
    made = shop.run_view(run).count("DONE")
    assert 0 < made < 20
    assert shop.presses("run_cancel", run) == ("The rest is called off. What is made stays, and only that is paid.")
    assert (
        shop.message(run).line
        == f"cancelled: {made} songs made, {5 * made} credits · {20 - made} called off, not charged"
    )
    assert shop.balance() == (1000 - 5 * made, 0)
    assert shop.presses("run_cancel", run).endswith("so there is nothing left to cancel.")


def test_a_run_says_what_holds_it_up(shop: Shop) -> None:
    run = shop.gives("".join(f"/song song {number} duration:30\n" for number in range(10))).deeds[0].on
    shop.presses("run_start", run)
    asyncio.run(Feeder(shop.db, shop.rules).feed())
    asyncio.run(queue.turn(shop.db, "pause", OPERATOR, "new disk"))
    assert shop.message(run).small == ("the queue is paused (new disk)",)
    view = shop.run_view(run)
    held = replace(view, held_up="songs_of_day", pause=None, due_at=now_ms() + 7_200_000)
    assert waits(held)[0].startswith("as many songs as one person may have in a day are in line or made; it goes on ")
    assert waits(replace(held, held_up="some_new_code"))[0].startswith("it has to wait")
    assert standing(view).startswith("▱▱▱▱▱▱▱▱ 0 of 10")


def test_a_run_is_seen_where_it_was_asked_for_and_by_whose_it_is(shop: Shop) -> None:
    run = shop.gives("/song blues duration:30\n").deeds[0].on
    assert "There is no run" in shop.presses("run_show", run, CAT), "an offer is between us"
    shop.presses("run_start", run)
    shop.goes_on()
    assert "done: 1 song" in shop.presses("run_show", run, CAT)
    assert "There is no run" in shop.presses("run_show", run, CAT, ELSEWHERE)
    assert "done: 1 song" in shop.presses("run_show", run, BEN, ELSEWHERE)
    listed = shop.types("/runs")
    assert listed.text == f"songs · run {run} · done: 1 song, 5 credits"
    assert [(deed.name, deed.on) for deed in listed.deeds] == [("run_show", run)]


def test_words_that_were_taken_down_are_gone_from_message_and_table(shop: Shop) -> None:
    run = shop.gives("/song something bad duration:30\n/song blues duration:30\n").deeds[0].on
    shop.presses("run_start", run)
    shop.goes_on()
    job = shop.run_view(run).steps[0].job
    asyncio.run(shop.desk.tell(OPERATOR, HERE, shop.desk.commands["takedown"], {"job_id": str(job), "why": "rude"}))
    shown = shop.message(run)
    assert shown.sheet is not None
    assert "something bad" not in shown.sheet[1] + "\n".join(shown.lines)
    assert sheet(shown.sheet[1])["1"]["status"] == "deleted"
    assert "blues" in shown.sheet[1]


def test_what_is_nobody_elses_business_is_in_no_message_of_a_channel(shop: Shop) -> None:
    """Links may open more than their owner meant to share, and some words are written by nobody here."""
    shop.rules = replace(shop.rules, moderation=Moderation(blocked=("slur",)))
    shop.desk = Desk(shop.db, shop.rules, lambda: None, shop.incoming)
    shop.fetcher.world[LIST] = (
        b"command,caption,src_audio_url\n"
        b"stems,,https://music.example/secret/a.mp3?key=secret\n"
        b"cover,bossa,https://me:secret@music.example/b.mp3\n"
        b"song,a slur,\n"
        b"song,blues,\n"
    )
    run = shop.types(f"/batch {LIST}").deeds[0].on
    shop.presses("run_start", run)
    going = shop.message(run)
    shop.goes_on()
    shown = shop.message(run)
    assert shown.ended
    assert shown.sheet is not None
    read = "\n".join([*going.lines, *shown.lines, shown.sheet[1]])
    assert "secret" not in read
    assert "slur" not in read
    assert "music.example" in shown.sheet[1]
    assert "not sung" in shown.sheet[1]


def test_no_table_makes_a_formula_of_what_somebody_wrote(shop: Shop) -> None:
    offered = shop.gives('command,caption\nsong,"=HYPERLINK(""https://evil.example"")"\n@song,+1\n')
    run = offered.deeds[0].on
    shop.presses("run_start", run)
    shop.goes_on()
    shown = shop.message(run)
    assert shown.sheet is not None
    assert all(not cell.startswith(("=", "+", "@")) for row in csv.reader(io.StringIO(shown.sheet[1])) for cell in row)


def test_the_books_stay_right(shop: Shop) -> None:
    run = shop.gives("/song blues duration:30\n/song broken\n").deeds[0].on
    shop.presses("run_start", run)
    shop.goes_on()
    job = shop.run_view(run).steps[0].job
    assert job is not None
    assert asyncio.run(control.show(shop.db, job, BEN, HERE)).price == 5
    assert shop.db.read(ledger.check) == []
