r"""What people type: `/song caption:"slow blues" duration:60 seed:7`.

- The slash and the case of names don't matter. A name may be of several words (`/challenge create`): the longest that
  fits is meant.
- Options are written `name:value`, without a space.
- A value with spaces stands in double quotes, straight or typographic. Everywhere `\n` is a new line, `\"` a quote and
  `\\` a backslash.
- All other words are free text, and go to the command's main option: `/simple a rainy day duration:60`.
- A word is an option where it begins with an option's name and a colon. It is REFUSED, with a hint, where it only
  looks like one: small letters, a colon, then a letter, a digit, a quote or a sign (`tempo:120`), or an option's name,
  a colon and a space (`bpm: 120`). So a slip never ends up in the lyrics. `8:30`, `note: this`, `Re:Zero`, `:fire:` and
  links are words. Whatever stands in double quotes is never an option: `/simple "a song about mode:dark"`.
- Quotes around all of the free text are dropped; quotes around a part of it belong to the text.
- Where a command starts from a song, free text may be its number or a link: `/stems 12`, `/stems https://…`.
- A mention as chats write it (`<@123|Ann Lee>`) is one word. Commands that make no music and are about a person, a
  number or one of a few words take that first, then a number if they have an option for one, then words:
  `/gift <@123|Ann Lee> 50 have fun`, `/queue pause new disk`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.commands import Command, nearest
from bot.naming import named, unknown
from engine.spec import Problem
from workflows.refusal import Refusal

# People mend a few things at a time; more only costs time.
MOST_PROBLEMS = 8

_MENTION = r"<@!?\w+(?:\|[^<>\n]*)?>"
_WORD = re.compile(rf"(?:{_MENTION}|\S)+")
_OPTION = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,39}):(?=(\S?))")
_LOOKS_LIKE_A_VALUE = re.compile(r"[\w\"“”„+\-.#]")
# Behind a name that is no word of any text, such as `audio_url`.
_LOOKS_LIKE_A_VALUE_OR_PATH = re.compile(r"[\w\"“”„+\-.#/~]")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|[“”„]((?:[^\"“”\\]|\\.)*)[\"“”]", re.DOTALL)
_OPENS_A_QUOTE = tuple('"“”„')
_ESCAPED = re.compile(r"\\([n\"“”„\\])")
_NEEDS_NO_QUOTES = re.compile(r"[^\s\"“”„\\<]+")
_LINK = re.compile(r"[\"“”„]?https?://", re.IGNORECASE)
_SONG = re.compile(r"#?\d+")
_NUMBER = re.compile(r"\s*([+-]?\d+)(?=\s|$)")


@dataclass(frozen=True)
class ParsedCommand:
    """A command with the text of its options, by their own names. Nothing is checked against ranges yet."""

    command: Command
    values: dict[str, str]


class BadCommand(Refusal):
    """The text can't be read. `problems` has at least one entry; the refusal itself tells the first."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        super().__init__(first.code, field=first.field, value=first.value, allowed=first.allowed, **first.params)
        self.problems = problems


def parse_command(text: str, commands: Mapping[str, Command]) -> ParsedCommand:
    """Read one command. Raises `BadCommand` or `UnknownCommand`, and nothing else, whatever the text."""
    command, rest = named(text, commands)
    if command is None:
        raise unknown(text, commands)
    return _Reading(text, rest, command).read()


def parse_options(command: Command, text: str, taken: Mapping[str, str]) -> dict[str, str]:
    """Only options, as in the last line of a form; `taken` was given elsewhere. Raises `BadCommand`."""
    return _Reading(text, 0, command, taken).options()


def format_command(command: Command, values: Mapping[str, str]) -> str:
    """The command as people type it; reading it again gives the same values."""
    return " ".join([f"/{command.name}", *(format_option(name, value) for name, value in values.items())])


def format_option(name: str, value: str) -> str:
    """One option as people type it, in quotes where it needs them."""
    if _NEEDS_NO_QUOTES.fullmatch(value):
        return f"{name}:{value}"
    inside = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{name}:"{inside}"'


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] == "n" else found[1], text)


class _Reading:
    """One pass over the text, from left to right."""

    def __init__(self, text: str, at: int, command: Command, taken: Mapping[str, str] | None = None) -> None:
        self._taken = taken or {}
        self._text = text
        self._at = at
        self._command = command
        self._options = command.spellings()
        self._values: dict[str, str] = {}
        # Free text as the stretches of `text` between options, so that its own spaces and lines stay as they are.
        self._free: list[list[int]] = []
        self._problems: list[Problem] = []

    def read(self) -> ParsedCommand:
        """The whole command: free text goes to its main option."""
        self._scan()
        self._place_free_text(self._command.main)
        if self._problems:
            raise BadCommand(tuple(self._problems))
        return ParsedCommand(self._command, self._values)

    def options(self) -> dict[str, str]:
        """Options alone: free text is a problem."""
        self._scan()
        self._place_free_text(None)
        if self._problems:
            raise BadCommand(tuple(self._problems))
        return self._values

    def _scan(self) -> None:
        in_free_text = False
        while (word := _WORD.search(self._text, self._at)) and len(self._problems) < MOST_PROBLEMS:
            self._at = word.start()
            found = _OPTION.match(self._text, self._at)
            if found and self._is_option(found[1], found[2]):
                self._read_option(found[1], found.end())
                in_free_text = False
                continue
            end = self._end_of_free_word(word)
            if in_free_text:
                self._free[-1][1] = end
            else:
                self._free.append([self._at, end])
            in_free_text = True
            self._at = end

    def _is_option(self, name: str, following: str) -> bool:
        """Whether `name:` is an option or a slip for one; `following` is the character after the colon."""
        if name.casefold() in self._options:
            return True
        looks = _LOOKS_LIKE_A_VALUE if "_" not in name else _LOOKS_LIKE_A_VALUE_OR_PATH
        return name == name.lower() and bool(looks.fullmatch(following))

    def _read_option(self, name: str, start: int) -> None:
        value = self._read_value(name, start)
        option = self._options.get(name.casefold())
        if option is None:
            names = ", ".join(known.name for known in self._command.options)
            near = nearest(name, self._options)
            self._problem(
                "unknown_option", name, value, names, suggestion=near[0] if near else None, typed=f"{name}:{value}"
            )
        elif value is None:
            self._problem("space_after_colon" if self._text[start:].strip() else "no_value", option.name)
        elif option.name in self._values or option.name in self._taken:
            self._problem("duplicate_option", option.name, value)
        else:
            self._values[option.name] = value

    def _read_value(self, name: str, start: int) -> str | None:
        """The value at `start`, or None where there is none. Moves behind it."""
        self._at = start
        if self._text.startswith(_OPENS_A_QUOTE, start):
            quoted = _QUOTED.match(self._text, start)
            if quoted is None:
                self._at = len(self._text)
                self._problem("unclosed_quote", name, self._text[start:])
                return ""
            rest = _WORD.match(self._text, quoted.end())
            self._at = rest.end() if rest else quoted.end()
            if rest:
                self._problem("text_after_quote", name, rest[0])
            return _unescaped(quoted[1] if quoted[1] is not None else quoted[2])
        word = _WORD.match(self._text, start)
        if word is None:
            return None
        self._at = word.end()
        return _unescaped(word[0])

    def _end_of_free_word(self, word: re.Match[str]) -> int:
        """Where the free word ends; one that opens with a quote goes on to where the quote is closed."""
        if not word[0].startswith(_OPENS_A_QUOTE):
            return word.end()
        quoted = _QUOTED.match(self._text, word.start())
        if quoted is None:
            self._problem("unclosed_quote", self._command.main or "", word[0])
            return len(self._text)
        rest = _WORD.match(self._text, quoted.end())
        return rest.end() if rest else quoted.end()

    def _place_free_text(self, main: str | None) -> None:
        if not self._free or self._problems:
            return
        text = " ".join(self._text[start:end] for start, end in self._free)
        main = self._meant(main, text)
        kind = None if main is None else self._options[main].kind
        if kind == "whole":
            # Songs are shown as #12, so that is how people type them.
            text = text.removeprefix("#")
        if main is None or self._command.music or kind not in ("person", "whole", "choice"):
            self._give(main, text)
            return
        # Whom or what it is about, then a number where one is asked for, then words.
        after = 0
        if main not in self._values and (first := _QUOTED.match(text) or _WORD.match(text)):
            after = first.end()
            self._give(main, first[0])
        number, wanted = _NUMBER.match(text, after), self._following("whole")
        if number and wanted:
            after = number.end()
            self._give(wanted, number[1])
        if words := text[after:].strip():
            self._give(self._following("text"), words)

    def _meant(self, main: str | None, text: str) -> str | None:
        """The main option; where that is a song's number or a link to one, whichever of both `text` is."""
        song, sound = self._command.song, self._command.sound
        if main == song and _LINK.match(text):
            return sound
        return song if song and main == sound and _SONG.fullmatch(text) else main

    def _following(self, kind: str) -> str | None:
        """The first option of `kind` that has no value yet."""
        given = {*self._values, *self._taken}
        return next((o.name for o in self._command.options if o.kind == kind and o.name not in given), None)

    def _give(self, name: str | None, text: str) -> None:
        """Free text to the option `name`; quotes around all of it are dropped."""
        quoted = _QUOTED.fullmatch(text)
        if quoted:
            text = quoted[1] if quoted[1] is not None else quoted[2]
        if name is None:
            self._problem("no_free_text", self._command.name, text)
        elif name in self._values:
            self._problem("duplicate_option", name, text)
        else:
            self._values = {name: _unescaped(text), **self._values}

    def _problem(
        self, code: str, field: str, value: str | None = None, allowed: str | None = None, **params: object
    ) -> None:
        self._problems.append(Problem(code, field, value, allowed, {"task": self._command.task, **params}))
