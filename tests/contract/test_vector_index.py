"""The contract of VectorIndex, over Chroma in a folder and over a Chroma server."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tools.adapters.chroma_index import ChromaIndex
from tools.engine.errors import CannotDo, StorageFailed
from tools.engine.ports import VectorIndex, Vectors
from tools.engine.records import Pool, TextId

POOL = Pool(name="Bäckerei / 2 ☕", encoder="tiny", texts=0, created_at=datetime(2026, 1, 2, tzinfo=UTC))
IDS = [TextId(f"{n:020x}") for n in range(60)]


def unit_vectors(rows: int = 60, *, seed: int = 3) -> Vectors:
    drawn = np.random.default_rng(seed).normal(size=(rows, 16))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float16)


VECTORS = unit_vectors()


@pytest.fixture(scope="session")
def chroma_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("chroma-server")
    program = Path(sys.executable).with_name("chroma")
    flags = ["--host", "127.0.0.1", "--port", str(port), "--path", str(folder)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "run", *flags], cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for_port(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("the Chroma server did not start")


@pytest.fixture(params=["folder", "server"])
def index(request: pytest.FixtureRequest, workspace: Path) -> Iterator[ChromaIndex]:
    url = request.getfixturevalue("chroma_server") if request.param == "server" else None
    opened = ChromaIndex(workspace, url=url)
    yield opened
    opened.close()


@pytest.fixture
def pool(request: pytest.FixtureRequest) -> Pool:
    """A pool of this test alone: the server outlives the tests."""
    return Pool(name=f"{POOL.name} {request.node.name}", encoder="tiny", texts=0, created_at=POOL.created_at)


def test_an_index_without_vectors_counts_none_and_finds_none(index: VectorIndex, pool: Pool) -> None:
    assert index.count(pool) == 0
    assert index.search(pool, VECTORS[:1], limit=5) == []
    assert len(index.matrix(pool, [])) == 0


def test_vectors_come_back_in_order_as_they_were(index: VectorIndex, pool: Pool) -> None:
    index.append(pool, IDS[:40], VECTORS[:40])
    index.append(pool, IDS[40:], VECTORS[40:])
    assert index.count(pool) == 60
    matrix = index.matrix(pool, IDS)
    assert isinstance(matrix, np.memmap)
    assert matrix.dtype == np.float16
    assert not matrix.flags.writeable
    np.testing.assert_array_equal(matrix, VECTORS)


def test_appending_the_same_texts_again_changes_nothing(index: VectorIndex, pool: Pool) -> None:
    index.append(pool, IDS[:40], VECTORS[:40])
    index.append(pool, IDS[:40], VECTORS[:40])
    index.append(pool, IDS[30:], VECTORS[30:])
    assert index.count(pool) == 60
    np.testing.assert_array_equal(index.matrix(pool, IDS), VECTORS)


def test_search_gives_the_nearest_with_their_cosine(index: VectorIndex, pool: Pool) -> None:
    index.append(pool, IDS, VECTORS)
    cosine = VECTORS.astype(np.float64) @ VECTORS[7].astype(np.float64)
    best = np.argsort(-cosine)[:5]
    found = index.search(pool, VECTORS[7:8], limit=5)
    assert [i for i, _ in found] == [IDS[row] for row in best]
    np.testing.assert_allclose([score for _, score in found], cosine[best], atol=2e-3)


def test_pools_and_encoders_are_kept_apart(index: VectorIndex, pool: Pool) -> None:
    other = Pool(name=pool.name, encoder="other", texts=0, created_at=pool.created_at)
    alike = Pool(name=pool.name.replace("/", "-"), encoder="tiny", texts=0, created_at=pool.created_at)
    index.append(pool, IDS[:2], VECTORS[:2])
    index.append(other, IDS[:3], unit_vectors(3, seed=8))
    assert (index.count(pool), index.count(other), index.count(alike)) == (2, 3, 0)


@pytest.mark.parametrize("name", ["a", "..", "x" * 5_000, "日本語", "-", "a/../../b", "\n"])
def test_any_pool_name_will_do(workspace: Path, name: str) -> None:
    pool = Pool(name=name, encoder="e/é", texts=0, created_at=POOL.created_at)
    index = ChromaIndex(workspace)
    index.append(pool, IDS[:2], VECTORS[:2])
    assert [i for i, _ in index.search(pool, VECTORS[1:2], limit=1)] == [IDS[1]]
    assert {path.name for path in workspace.iterdir()} == {"chroma", "vectors"}
    index.close()


def test_a_lost_matrix_is_rebuilt_from_chroma(index: VectorIndex, pool: Pool, workspace: Path) -> None:
    index.append(pool, IDS, VECTORS)
    shutil.rmtree(workspace / "vectors")
    assert index.count(pool) == 60
    np.testing.assert_allclose(index.matrix(pool, IDS), VECTORS, atol=1e-3)
    assert index.count(pool) == 60


def test_vectors_added_while_the_matrix_was_lost_stand_in_their_place(
    index: VectorIndex, pool: Pool, workspace: Path
) -> None:
    index.append(pool, IDS[:40], VECTORS[:40])
    shutil.rmtree(workspace / "vectors")
    index.append(pool, IDS[40:], VECTORS[40:])
    assert index.count(pool) == 60
    np.testing.assert_allclose(index.matrix(pool, IDS), VECTORS, atol=1e-3)


def test_a_matrix_of_other_ids_is_not_believed(index: VectorIndex, pool: Pool) -> None:
    index.append(pool, IDS, VECTORS)
    turned = IDS[::-1]
    np.testing.assert_allclose(index.matrix(pool, turned), VECTORS[::-1], atol=1e-3)


@pytest.mark.parametrize("suffix", [".f16", ".ids"])
@pytest.mark.parametrize("left", [1, 7, 641])
def test_a_torn_chunk_is_cut_off_and_appended_again(workspace: Path, suffix: str, left: int) -> None:
    index = ChromaIndex(workspace)
    index.append(POOL, IDS[:40], VECTORS[:40])
    (file,) = (workspace / "vectors").glob(f"*{suffix}")
    whole = file.stat().st_size
    index.append(POOL, IDS[40:], VECTORS[40:])
    with file.open("r+b") as opened:
        opened.truncate(min(whole + left, file.stat().st_size - 1))
    count = index.count(POOL)
    assert 40 <= count < 60
    index.append(POOL, IDS[count:], VECTORS[count:])
    assert index.count(POOL) == 60
    np.testing.assert_array_equal(index.matrix(POOL, IDS), VECTORS)
    index.close()


def test_a_kill_between_chroma_and_matrix_leaves_the_count_behind(workspace: Path) -> None:
    first, second = workspace / "first", workspace / "second"
    index = ChromaIndex(first)
    index.append(POOL, IDS[:40], VECTORS[:40])
    shutil.copytree(first / "vectors", second / "vectors")
    index.append(POOL, IDS[40:], VECTORS[40:])
    index.close()
    shutil.copytree(first / "chroma", second / "chroma")
    resumed = ChromaIndex(second)
    assert resumed.count(POOL) == 40
    resumed.append(POOL, IDS[40:], VECTORS[40:])
    np.testing.assert_array_equal(resumed.matrix(POOL, IDS), VECTORS)
    resumed.close()


def test_texts_without_vector_are_named_by_their_number(index: VectorIndex, pool: Pool) -> None:
    index.append(pool, IDS[:40], VECTORS[:40])
    with pytest.raises(StorageFailed, match=r"^20 texts of pool .* have no vector"):
        index.matrix(pool, IDS)


def test_vectors_of_another_dimension_are_refused(workspace: Path) -> None:
    index = ChromaIndex(workspace)
    index.append(POOL, IDS[:40], VECTORS[:40])
    with pytest.raises(StorageFailed, match="dimension of 16, got 8"):
        index.append(POOL, IDS[40:], VECTORS[40:, :8])
    assert index.count(POOL) == 40
    index.close()


def test_a_damaged_index_says_what_to_do(workspace: Path) -> None:
    (workspace / "chroma").mkdir()
    (workspace / "chroma" / "chroma.sqlite3").write_bytes(b"no database " * 1_000)
    index = ChromaIndex(workspace)
    with pytest.raises(StorageFailed, match=r"cannot be read or written.*add the file of the pool again"):
        index.append(POOL, IDS, VECTORS)


def test_a_folder_that_cannot_be_made_says_what_to_do(workspace: Path) -> None:
    (workspace / "chroma").write_text("a file in the way")
    index = ChromaIndex(workspace)
    with pytest.raises(StorageFailed, match="chroma"):
        index.append(POOL, IDS, VECTORS)


def test_a_server_that_is_not_there_is_named(workspace: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(StorageFailed, match=url):
            ChromaIndex(workspace, url=url).append(POOL, IDS, VECTORS)


def test_an_address_that_is_none_is_refused(workspace: Path) -> None:
    with pytest.raises(CannotDo, match="LAUD_CHROMA_URL"):
        ChromaIndex(workspace, url="localhost:8000").count(POOL)
