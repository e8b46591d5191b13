"""`files.*`: an upload is asked for, sent to its own address, and completed; only then does the file exist."""

from __future__ import annotations

from aiohttp import web

from tests.fakes.slack.arguments import JSON, Arguments, Refused
from tests.fakes.slack.chat import checked, writable
from tests.fakes.slack.messages import File
from tests.fakes.slack.records import Violation
from tests.fakes.slack.workspace import Workspace


def get_upload_url(workspace: Workspace, arguments: Arguments) -> JSON:
    name, length = arguments.text("filename"), arguments.number("length", 0)
    if length <= 0:
        raise Refused("invalid_arguments", messages=("must be greater than 0 [json-pointer:/length]",))
    file = workspace.add_file(name, length, workspace.bot)
    file.alt_text = arguments.maybe("alt_txt") or ""
    return {"upload_url": f"{workspace.url}/upload/v1/{file.id}", "file_id": file.id}


async def upload(workspace: Workspace, request: web.Request) -> web.Response:
    """Takes the bytes, bare or as the one file of a form. They must be as many as was said."""
    file = workspace.files.get(request.match_info["file_id"])
    if file is None or file.completed_at is not None:
        return web.Response(status=404, text="not found")
    if request.content_type == "multipart/form-data":
        parts = [part for part in (await request.post()).values() if isinstance(part, web.FileField)]
        data = parts[0].file.read() if parts else b""
    else:
        data = await request.read()
    if len(data) != file.length:
        workspace.violations.append(Violation("upload", f"{file.name}: {len(data)} bytes came, not {file.length}"))
        return web.Response(status=400, text="wrong size")
    file.data = data
    return web.Response(text=f"OK - {len(data)}")


async def download(workspace: Workspace, request: web.Request, tokens: set[str]) -> web.Response:
    """A private address: it wants the token of someone who may see the file."""
    file = workspace.files.get(request.match_info["file_id"])
    if file is None or file.deleted or file.data is None:
        return web.Response(status=404)
    if request.headers.get("Authorization", "").removeprefix("Bearer ") not in tokens:
        return web.Response(status=403)
    workspace.downloads.append(file.id)
    if file.moved_to:
        return web.Response(status=302, headers={"Location": file.moved_to})
    return web.Response(body=file.data, content_type=file.served_as)


def complete_upload(workspace: Workspace, arguments: Arguments) -> JSON:
    """Can be done once a file. With a channel the file is posted there; the answer doesn't say as which message."""
    wanted = arguments.structure("files") or []
    files = [workspace.files.get(str(each.get("id"))) for each in wanted]
    ready = [file for file in files if file and file.data is not None and file.completed_at is None]
    if not wanted or len(ready) != len(files):
        raise Refused("file_not_found")
    channels = arguments.listed("channel_id") or arguments.listed("channels") or []
    if any(channel[:1] not in "CGDZ" for channel in channels):
        raise Refused("invalid_arguments", messages=("input must match regex pattern [json-pointer:/channel_id]",))
    targets = [writable(workspace, channel) for channel in channels]
    text = arguments.maybe("initial_comment") or ""
    blocks = [] if text else arguments.structure("blocks", "invalid_blocks_format") or []
    if targets and (text or blocks):
        fallback = text or ready[0].name
        checked(workspace, "files.completeUploadExternal", targets[0].id, fallback, blocks, linked=False)
    for file, each in zip(ready, wanted, strict=True):
        file.title = each.get("title") or file.name
        file.completed_at = workspace.clock.now()
    answer: JSON = {"files": [file.json() for file in ready]}
    for channel in targets:
        workspace.publish(channel, workspace.bot, text, blocks, files=ready, thread_ts=arguments.maybe("thread_ts"))
    return answer


def info(workspace: Workspace, arguments: Arguments) -> JSON:
    return {"file": _existing(workspace, arguments).json()}


def delete(workspace: Workspace, arguments: Arguments) -> JSON:
    file = _existing(workspace, arguments)
    if file.user != workspace.bot.id:
        raise Refused("cant_delete_file")
    file.deleted = True
    return {}


def _existing(workspace: Workspace, arguments: Arguments) -> File:
    file = workspace.files.get(arguments.text("file"))
    if file is None or file.completed_at is None:
        raise Refused("file_not_found")
    if file.deleted:
        raise Refused("file_deleted")
    return file


METHODS = {
    "files.getUploadURLExternal": (get_upload_url, "files:write"),
    "files.completeUploadExternal": (complete_upload, "files:write"),
    "files.info": (info, "files:read"),
    "files.delete": (delete, "files:write"),
}
