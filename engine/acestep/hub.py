"""What the model hub says of a repository: its files with sizes and checksums, before anything big is fetched.

Nothing here runs unless somebody asks for it: Minstrel never downloads by itself. `HF_ENDPOINT` and `HF_TOKEN` mean
what they mean to the hub's own tools.
"""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from engine.spec import EngineError

# ORG/NAME, perhaps @REVISION.
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[\w.-]+)?", re.ASCII)
INDEX, PIPELINE = "model_index.json", "AceStepPipeline"
# What a pipeline is made of. Pickles and Python files can run whatever their author likes: they stay where they are.
KEPT = frozenset({".safetensors", ".json", ".txt", ".model"})
PICKLES = frozenset({".bin", ".ckpt", ".pkl", ".pt", ".pth"})
HEX = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
LARGEST_INDEX = 2**20
PATIENCE_S = 20.0


@dataclass(frozen=True)
class File:
    """One file of a repository. The hub knows `sha256` of large ones, and of the others their id in git."""

    path: str
    size: int
    sha256: str = ""
    git: str = ""

    @property
    def mark(self) -> str:
        """What differs when the file differs."""
        return self.sha256 or self.git


@dataclass(frozen=True)
class Listing:
    """What a pipeline needs of the repository `name` at the commit `revision`; `fetch` is how it was asked for."""

    fetch: str
    name: str
    revision: str
    files: tuple[File, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def is_repository(words: str) -> bool:
    """Whether `words` may name a repository of the hub."""
    return REPOSITORY.fullmatch(words) is not None and ".." not in words


def endpoint() -> str | None:
    """Where the hub is; None is where it usually is."""
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or None


def listed(repository: str) -> Listing:
    """What has to be fetched of `repository` (ORG/NAME, perhaps @REVISION).

    Raises `EngineError`, permanent: `hub_unknown`, `hub_no_revision`, `hub_gated`, `hub_token`, `hub_not_diffusers`,
    `hub_pickles`, `hub_incomplete`, `hub_unsafe`; passing: `hub_away`, `hub_offline`. All have `fetch`: `repository`.
    """
    name, _, asked = repository.partition("@")
    with reaching(repository):
        from huggingface_hub import HfApi

        found = HfApi(endpoint=endpoint()).model_info(
            name, revision=asked or None, files_metadata=True, timeout=PATIENCE_S
        )
        revision = _hex(found.sha)
        files = [
            File(each.rfilename, int(each.size or 0), _hex(each.lfs.sha256) if each.lfs else "", _hex(each.blob_id))
            for each in found.siblings or ()
        ]
        unsafe = next((file.path for file in files if not _is_safe(file.path)), None)
        if unsafe is not None:
            raise EngineError("hub_unsafe", permanent=True, fetch=repository, file=unsafe)
        index = _index(repository, revision, files)
        return Listing(repository, name, revision, _wanted(repository, files, index))


def _index(repository: str, revision: str, files: Iterable[File]) -> Mapping[str, Any]:
    """Which parts the pipeline has. Raises `EngineError` where it is none, or none of ACE-Step."""
    from huggingface_hub.file_download import hf_hub_url, http_get
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    if not any(file.path == INDEX and file.size <= LARGEST_INDEX for file in files):
        raise EngineError("hub_not_diffusers", permanent=True, fetch=repository)
    text = io.BytesIO()
    url = hf_hub_url(repository.partition("@")[0], INDEX, revision=revision, endpoint=endpoint())
    http_get(url, text, headers=build_hf_headers(), tqdm_class=_Short)
    try:
        index = json.loads(text.getvalue())
    except (ValueError, RecursionError):
        index = None
    if not isinstance(index, dict) or index.get("_class_name") != PIPELINE:
        raise EngineError("hub_not_diffusers", permanent=True, fetch=repository)
    return index


def _wanted(repository: str, files: Iterable[File], index: Mapping[str, Any]) -> tuple[File, ...]:
    """The files of the pipeline's parts, the index first and the largest last."""
    parts = {part for part, kind in index.items() if isinstance(kind, list) and any(kind)}
    there = [file for file in files if PurePosixPath(file.path).parts[0] in parts and "/" in file.path]
    kinds: dict[str, set[str]] = {}
    for file in there:
        kinds.setdefault(PurePosixPath(file.path).parts[0], set()).add(PurePosixPath(file.path).suffix)
    for part, suffixes in sorted(kinds.items()):
        if suffixes & PICKLES and ".safetensors" not in suffixes:
            raise EngineError("hub_pickles", permanent=True, fetch=repository, part=part)
    empty = next((part for part in sorted(parts) if part not in kinds), None)
    if empty is not None:
        raise EngineError("hub_incomplete", permanent=True, fetch=repository, what=empty)
    kept = [file for file in there if PurePosixPath(file.path).suffix in KEPT]
    first = [file for file in files if file.path == INDEX]
    return (*first, *sorted(kept, key=lambda file: (file.size, file.path)))


def _hex(told: str | None) -> str:
    """A checksum as the hub tells it; it becomes part of a file's name. Raises `ValueError`."""
    if told is None or not HEX.fullmatch(told):
        raise ValueError(f"{told!r} is no checksum")
    return told


def _is_safe(path: str) -> bool:
    """Whether `path` stays in the folder that it is put into, on whatever system."""
    windows = PureWindowsPath(path)
    return (
        path.isprintable()
        and not PurePosixPath(path).is_absolute()
        and not (windows.drive or windows.root)
        and not {"", ".", ".."}.intersection(path.replace("\\", "/").split("/"))
        and len(path) <= 255
    )


@contextmanager
def reaching(repository: str) -> Iterator[None]:
    """Turn what goes wrong on the way to the hub, and with the disk, into `EngineError`."""
    try:
        import httpx2
        from huggingface_hub import errors
        from huggingface_hub import logging as library
    except ImportError as missing:
        raise EngineError("hub_no_library", permanent=True, cause=str(missing)) from missing
    # It tells of each try in its own words, with the address in it.
    library.set_verbosity(logging.CRITICAL)
    name, _, revision = repository.partition("@")
    try:
        yield
    except errors.GatedRepoError as error:
        raise EngineError("hub_gated", permanent=True, fetch=repository, cause=str(error)) from error
    except errors.RevisionNotFoundError as error:
        raise EngineError(
            "hub_no_revision", permanent=True, fetch=repository, name=name, revision=revision, cause=str(error)
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise EngineError("hub_unknown", permanent=True, fetch=repository, cause=str(error)) from error
    except errors.OfflineModeIsEnabled as error:
        raise EngineError("hub_offline", permanent=False, fetch=repository) from error
    except errors.HfHubHTTPError as error:
        raise _answered(repository, error.response.status_code, str(error)) from error
    except UnicodeEncodeError as error:
        # No header can hold it: it is the token, which must not be told with the rest.
        raise EngineError("hub_token", permanent=True, fetch=repository, cause=type(error).__name__) from None
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        reason = str(error).rstrip(".") or type(error).__name__
        raise EngineError("hub_away", permanent=False, fetch=repository, reason=reason, cause=repr(error)) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise EngineError("hub_disk_full", permanent=False, fetch=repository, cause=str(error)) from error
        raise
    except (ValueError, KeyError, TypeError) as error:
        # A hotel's log-in page answers everything, too.
        raise EngineError(
            "hub_away", permanent=False, fetch=repository, reason="its answer can't be read", cause=repr(error)
        ) from error


def _answered(repository: str, status: int, cause: str) -> EngineError:
    match status:
        case 401:
            return EngineError("hub_token", permanent=True, fetch=repository, cause=cause)
        case 403:
            return EngineError("hub_gated", permanent=True, fetch=repository, cause=cause)
        case 404:
            return EngineError("hub_unknown", permanent=True, fetch=repository, cause=cause)
        case _:
            reason = f"it answers {status}"
            return EngineError("hub_away", permanent=False, fetch=repository, reason=reason, cause=cause)


class Quiet:
    """Stands where the library wants a progress bar."""

    def __init__(self, **_: Any) -> None:
        pass

    def __enter__(self) -> Quiet:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, arrived: float) -> None:
        """So many bytes more have arrived."""


class _Short(Quiet):
    """For a file that is kept in memory, whatever its size was said to be. Raises `ValueError` where it is long."""

    def __init__(self, **_: Any) -> None:
        self._arrived = 0.0

    def update(self, arrived: float) -> None:
        self._arrived += arrived
        if self._arrived > LARGEST_INDEX:
            raise ValueError("far too long")
