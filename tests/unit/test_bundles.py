"""Files handed over as ZIPs: all of them, under names that are safe everywhere, within what a chat takes."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.bundles import packed
from bot.placard import Bundle


class Store:
    """Blobs by their digests, as files of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, data: bytes) -> tuple[str, str, int]:
        digest = f"{len([*self.folder.iterdir()]):04}.mp3"
        (self.folder / digest).write_bytes(data)
        return name, digest, len(data)

    def path(self, digest: str) -> Path:
        if not (self.folder / digest).exists():
            raise FileNotFoundError(digest)
        return self.folder / digest


@pytest.fixture
def store(tmp_path: Path) -> Store:
    (tmp_path / "blobs").mkdir()
    return Store(tmp_path / "blobs")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def inside(*paths: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            for name in archive.namelist():
                assert name not in found
                found[name] = archive.read(name)
    return found


def test_one_zip_with_all_of_it(store: Store, out: Path) -> None:
    files = (store.put("01-rain.mp3", b"rain" * 50), store.put("01-rain-stems/drums.mp3", b"drums"))
    done = packed(Bundle("songs", files, (("table.csv", "row\n1\n"),)), store.path, 10_000, out)
    assert [path.name for path in done.paths] == ["songs.zip"]
    assert done.left_out == 0
    assert inside(*done.paths) == {
        "01-rain.mp3": b"rain" * 50, "01-rain-stems/drums.mp3": b"drums", "table.csv": b"row\n1\n",
    }  # fmt: skip
    with zipfile.ZipFile(done.paths[0]) as archive:
        assert archive.infolist()[1].compress_type == zipfile.ZIP_STORED, "music is squeezed already"


def test_the_same_files_make_the_same_zip(store: Store, out: Path) -> None:
    bundle = Bundle("songs", (store.put("a.mp3", b"a" * 99),), (("table.csv", "row\n"),))
    (out / "again").mkdir()
    first, again = packed(bundle, store.path, 9_000, out), packed(bundle, store.path, 9_000, out / "again")
    assert first.paths[0].read_bytes() == again.paths[0].read_bytes()


def test_what_fits_nowhere_is_counted(store: Store, out: Path) -> None:
    files = tuple(store.put(f"{number}.mp3", bytes(size)) for number, size in enumerate((400, 2000, 400, 400, 400)))
    lost = ("lost.mp3", "9999.mp3", 5)
    done = packed(Bundle("songs", (*files, lost), (("table.csv", "row\n"),)), store.path, 1_000, out, most=2)
    assert [path.name for path in done.paths] == ["songs-1-of-2.zip", "songs-2-of-2.zip"]
    assert done.left_out == 2 + 1, "one is too large, one of the others too many, one is not there"
    assert list(inside(done.paths[0])) == ["table.csv", "0.mp3"]
    assert packed(Bundle("none", (lost,)), store.path, 1_000, out) == type(done)((), 1)


def test_names_lead_nowhere_else_and_are_never_alike(store: Store, out: Path) -> None:
    names = ("../../up.mp3", "/root.mp3", "C:\\x\\y.mp3", "A.mp3", "a.mp3", "a.mp3", "", "..", "con\0trol\n.mp3")
    done = packed(Bundle("../evil/", tuple(store.put(name, b"x") for name in names)), store.path, 9_000, out)
    assert [path.parent for path in done.paths] == [out]
    found = list(inside(*done.paths))
    assert len({name.casefold() for name in found}) == len(names)
    assert all(not name.startswith("/") and ".." not in name.split("/") and name.isprintable() for name in found)
    assert {"up.mp3", "root.mp3", "C-/x/y.mp3", "A.mp3", "a-2.mp3", "a-3.mp3"} <= {*found}


@settings(deadline=None, max_examples=60)
@given(
    sizes=st.lists(st.integers(0, 900), max_size=12),
    limit=st.integers(1, 1500),
    most=st.integers(1, 4),
    names=st.text(max_size=8),
    text=st.text(max_size=200),
)
def test_no_zip_is_larger_than_a_chat_takes_it(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], limit: int, most: int, names: str, text: str
) -> None:
    folder = tmp_path_factory.mktemp("bundle")
    store = Store(folder / "blobs")
    store.folder.mkdir()
    files = tuple(store.put(f"{names}{number}.mp3", bytes([number]) * size) for number, size in enumerate(sizes))
    bundle = Bundle("songs", files, (("note.txt", text),))
    done = packed(bundle, store.path, limit, folder, most)
    assert len(done.paths) <= most
    assert all(path.stat().st_size <= limit for path in done.paths)
    found = inside(*done.paths)
    assert len(found) + done.left_out == len(sizes) + 1
    assert {*found.values()} <= {text.encode(), *(bytes([number]) * size for number, size in enumerate(sizes))}
