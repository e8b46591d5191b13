"""What every request that makes no music has in common."""

from __future__ import annotations

from typing import Annotated, ClassVar

from engine.spec import Request
from engine.spec.fields import Person, Text

# Whom an option names: `workflows.named` finds them.
Somebody = Annotated[str, Text(1, 120), Person()]


class Ask(Request):
    """A request that is answered at once. `example` is how it is typed, `form` the options of its form.

    `changes`: it does something, so whoever answers it notes the chat's own id of it in the same transaction
    (`workflows.repeated.only_once`). `posts`: what comes of it stands in the channel where it was asked for. `admin`:
    only those in charge of the house may ask for it.
    """

    example: ClassVar[str]
    form: ClassVar[tuple[str, ...]] = ()
    changes: ClassVar[bool] = False
    posts: ClassVar[bool] = False
    admin: ClassVar[bool] = False
