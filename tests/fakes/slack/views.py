"""`views.*`: modals, and the triggers that allow them."""

from __future__ import annotations

import json

from tests.fakes.slack import limits
from tests.fakes.slack.arguments import JSON, Arguments, Refused
from tests.fakes.slack.interactions import Trigger, View
from tests.fakes.slack.messages import APP_ID, TEAM_ID
from tests.fakes.slack.records import Violation
from tests.fakes.slack.workspace import Workspace

TRIGGER_LIFE_S = 3.0
# A modal and two on top of it.
DEPTH = 3


class Views:
    """The modals of everybody, open or not."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.all: dict[str, View] = {}
        self.triggers: dict[str, Trigger] = {}

    def trigger(self, user: str, view: View | None = None) -> Trigger:
        trigger = Trigger(
            f"{self._workspace.new_id('1')}.{self._workspace.new_id('2')}.{self._workspace.new_id('t').lower()}",
            user,
            self._workspace.clock.now(),
            view,
        )
        self.triggers[trigger.id] = trigger
        return trigger

    def json(self, view: View, values: JSON | None = None) -> JSON:
        defaults = {"private_metadata": "", "callback_id": "", "external_id": "", "clear_on_close": False}
        return {
            **defaults,
            **view.definition,
            "id": view.id,
            "team_id": TEAM_ID,
            "app_id": APP_ID,
            "bot_id": self._workspace.bot.id.replace("U", "B", 1),
            "root_view_id": view.root_id,
            "previous_view_id": view.previous_id,
            "hash": view.hash,
            "state": {"values": values or {}},
        }

    def open(self, arguments: Arguments) -> JSON:
        trigger, definition = self._redeem(arguments), self._definition(arguments, "views.open")
        view = self._shown(definition, trigger.user)
        trigger.views.append(view)
        return {"view": self.json(view)}

    def push(self, arguments: Arguments) -> JSON:
        trigger, definition = self._redeem(arguments), self._definition(arguments, "views.push")
        if trigger.view is None:
            raise Refused("not_found")
        view = self.put_on(trigger.view, definition)
        trigger.views.append(view)
        return {"view": self.json(view)}

    def update(self, arguments: Arguments) -> JSON:
        view = self._existing(arguments)
        if arguments.maybe("hash") not in (None, view.hash):
            raise Refused("hash_conflict")
        self.change(view, self._definition(arguments, "views.update"))
        return {"view": self.json(view)}

    def put_on(self, below: View, definition: JSON) -> View:
        """A new view on top of another, of which there are at most three."""
        if sum(view.is_open and view.root_id == below.root_id for view in self.all.values()) >= DEPTH:
            raise Refused("push_limit_reached")
        return self._shown(definition, below.user, below)

    def change(self, view: View, definition: JSON) -> None:
        view.definition = self._named(definition)
        view.revision += 1
        view.errors = {}

    def checked(self, definition: JSON, method: str) -> JSON:
        problems = limits.of_view(definition, self._workspace.is_usable_picture)
        self._workspace.violations += [Violation(method, problem) for problem in problems]
        if problems:
            raise Refused("invalid_arguments", messages=tuple(problems))
        return definition

    def _definition(self, arguments: Arguments, method: str) -> JSON:
        definition = arguments.structure("view", "invalid_arguments")
        if '"file_input"' in json.dumps(definition) and "files:read" not in self._workspace.scopes:
            raise Refused("missing_scope", needed="files:read")
        if not isinstance(definition, dict):
            raise Refused("invalid_arguments", messages=("missing required field: view",))
        return self.checked(definition, method)

    def _shown(self, definition: JSON, user: str, below: View | None = None) -> View:
        external_id = definition.get("external_id")
        if external_id and any(v.is_open and v.definition.get("external_id") == external_id for v in self.all.values()):
            raise Refused("duplicate_external_id")
        view_id = self._workspace.new_id("V")
        root_id, previous_id = (below.root_id, below.id) if below else (view_id, None)
        self.all[view_id] = view = View(view_id, user, self._named(definition), root_id, previous_id)
        return view

    def _named(self, definition: JSON) -> JSON:
        """Blocks and their elements get the ids that they came without."""
        blocks = []
        for block in definition["blocks"]:
            named = {"block_id": self._workspace.new_id("b"), **block}
            if "element" in named:
                named["element"] = {"action_id": self._workspace.new_id("a"), **named["element"]}
            blocks.append(named)
        return {**definition, "blocks": blocks}

    def _redeem(self, arguments: Arguments) -> Trigger:
        trigger = self.triggers.get(arguments.text("trigger_id"))
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.is_used:
            raise Refused("exchanged_trigger_id")
        if self._workspace.clock.now() - trigger.issued_at > TRIGGER_LIFE_S:
            raise Refused("expired_trigger_id")
        trigger.is_used = True
        return trigger

    def _existing(self, arguments: Arguments) -> View:
        view_id, external_id = arguments.maybe("view_id"), arguments.maybe("external_id")
        for view in self.all.values():
            if view.is_open and (
                view.id == view_id or (external_id and view.definition.get("external_id") == external_id)
            ):
                return view
        raise Refused("not_found")
