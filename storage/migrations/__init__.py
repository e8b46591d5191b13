"""The schema's history, run by `storage.migrate`. A step that has been released is never changed again.

To add one: write `versions/r0002_….py` after the pattern of the last, set `HEAD` in `storage.migrate`, and change the
models; `tests/unit/test_migrations.py` says what still differs between the two.
"""
