"""Other queues, for `bench/queue.py` to measure ours against: one module each, each in a process of its own.

Each takes an empty database by its URL and does the whole life of some jobs that do nothing: put into the queue, taken,
finished with what came of it kept. That is three commits a job, each on disk before the next step of that job: SQLite
with WAL and synchronous=FULL, Postgres as it comes. Opening, tables and warming up are not counted. Settings were tried
on two cores; what was tried is said beside what was taken.
"""
