"""What the buttons below a song do."""

from __future__ import annotations

from bot import answers
from bot.actions import Action
from bot.answers import Answer
from bot.replies import reply
from bot.telling import challenges
from bot.telling.counter import Asked, Counter
from bot.waiting import taken
from engine.spec.tasks import Lrc
from workflows import control, variation
from workflows.lyrics import synchronised
from workflows.submit import submit


async def act(counter: Counter, asked: Asked, action: Action, job_id: int) -> Answer:
    """Do what a button says. Raises `Refusal`, and `Repeated` for a request that was heard before."""
    db, rules, who, where, request = counter.db, counter.rules, asked.who, asked.where, asked.request
    match action.name:
        case "cancel":
            job = await control.cancel(db, job_id, who, where, request=request)
            counter.nudge()
            return Answer(reply("cancelled" if job.ended else "cancelling", who.locale))
        case "retry":
            job = await control.retry(db, job_id, who, where, rules=rules, request=request)
            counter.nudge()
            return Answer(reply("retrying", who.locale, job=job.id))
        case "delete":
            await control.throw_away(db, job_id, who, where, request=request)
            counter.nudge()
            return Answer(reply("deleted_for_good", who.locale))
        case "post":
            await control.post_here(db, job_id, who, where, request=request)
            counter.nudge()
            return Answer(reply("posting", who.locale, job=job_id))
        case "enter":
            return await challenges.enter_song(counter, asked, await control.owned(db, job_id, who, where))
        case "lrc":
            lyrics = await synchronised(db, rules, Lrc(job_id=job_id), who, where)
            return answers.lyrics_answer(lyrics, who.locale)
    job = await control.show(db, job_id, who, where)
    if action.name == "details":
        return answers.analysis_answer(job, who.locale)
    if action.leads_to:
        return answers.choice_answer(action, job, rules.capabilities, who.locale)
    if action.name == "variations":
        task, values = variation.varied(job, rules.capabilities.max_batch)
    else:
        task, values = str(action.task), {"source_job_id": job_id}
    accepted = await submit(
        db, rules, who, where, task, values, request=request, parent_id=job_id, incoming=counter.incoming
    )
    counter.nudge()
    return Answer(taken(accepted, who.locale), job=accepted.job_id)
