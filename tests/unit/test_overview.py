"""What the overview says of pools whose contents are known."""

import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tools.engine import overview
from tools.engine.errors import EmptyPool
from tools.engine.ports import Vectors
from tools.engine.records import TextId
from tools.engine.scripts import encoder_warning, script_shares, words


def unit(rows: NDArray[np.float64]) -> Vectors:
    """The rows at length one, as the index stores them."""
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float16)


def ids_of(n: int) -> list[TextId]:
    return [TextId(f"t{i}") for i in range(n)]


def scattered(n: int, d: int = 64, seed: int = 0) -> NDArray[np.float64]:
    """Random directions, all nearly orthogonal to each other."""
    return np.random.default_rng(seed).standard_normal((n, d))


def clusters(sizes: list[int], d: int = 32, spread: float = 0.1) -> Vectors:
    """Tight groups around the axes, in the order of `sizes`."""
    noise = np.random.default_rng(3).standard_normal((sum(sizes), d)) * spread
    return unit(np.eye(d)[np.repeat(np.arange(len(sizes)), sizes)] + noise)


# --- lengths --------------------------------------------------------------------------------------------------------


def test_lengths_are_counts_that_occur() -> None:
    summary = overview.length_summary(["a", "bb cc", "ddd", "eeee eeee eeee"])
    assert summary.characters == overview.Spread(min=1, median=3, p95=14, max=14)
    assert summary.words == overview.Spread(min=1, median=1, p95=3, max=3)


def test_lengths_of_nothing_are_refused() -> None:
    with pytest.raises(EmptyPool, match="Add a file to it"):
        overview.length_summary([])


# --- near-duplicates ------------------------------------------------------------------------------------------------


def test_near_duplicates_are_counted_and_shown_as_pairs() -> None:
    rows = scattered(3_000)  # more than one block
    rows[2_500] = rows[10] + 0.1
    rows[2_999] = rows[2_998]
    found = overview.near_duplicates(ids=ids_of(3_000), vectors=unit(rows), rng=np.random.default_rng(0))
    assert (found.count, found.sampled) == (4, 3_000)
    assert found.share == pytest.approx(4 / 3_000)
    assert [{p.first, p.second} for p in found.examples] == [{"t2998", "t2999"}, {"t10", "t2500"}]
    assert all(0.95 <= p.similarity <= 1 for p in found.examples)


def test_the_threshold_decides_what_a_near_duplicate_is() -> None:
    vectors = unit(np.array([[1.0, 0.0], [0.9, np.sqrt(1 - 0.81)], [0.0, -1.0]]))
    rng = np.random.default_rng(0)
    assert overview.near_duplicates(ids=ids_of(3), vectors=vectors, rng=rng).count == 0
    assert overview.near_duplicates(ids=ids_of(3), vectors=vectors, rng=rng, threshold=0.85).count == 2


def test_a_large_pool_is_sampled_but_compared_as_a_whole(tmp_path: Path) -> None:
    half = scattered(15_000, d=32)
    np.save(tmp_path / "vectors.npy", unit(np.vstack([half, half])))
    mapped: Vectors = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    found = overview.near_duplicates(ids=ids_of(30_000), vectors=mapped, rng=np.random.default_rng(0))
    assert found.sampled == overview.COMPARISONS // 30_000
    assert (found.count, found.share) == (30_000, 1.0)
    assert len(found.examples) == overview.EXAMPLES


@pytest.mark.parametrize("n", [0, 1])
def test_a_pool_without_pairs_has_no_near_duplicates(n: int) -> None:
    found = overview.near_duplicates(ids=ids_of(n), vectors=unit(scattered(n)), rng=np.random.default_rng(0))
    assert found == overview.NearDuplicates(count=0, share=0.0, sampled=n, examples=())


# --- outliers -------------------------------------------------------------------------------------------------------


def test_texts_far_from_all_others_are_outliers_strangest_first() -> None:
    vectors = clusters([400, 400])
    vectors[7] = np.eye(32, dtype=np.float16)[30]
    vectors[500] = unit((np.eye(32)[31] + 0.6 * np.eye(32)[1])[None])[0]
    found = overview.outliers(ids=ids_of(800), vectors=vectors, limit=2, rng=np.random.default_rng(0))
    assert [o.id for o in found] == ["t7", "t500"]
    assert found[0].score > found[1].score > 0.3


def test_outliers_are_scored_against_a_sample_of_a_large_pool() -> None:
    vectors = clusters([6_000, 5_000])
    found = overview.outliers(ids=ids_of(11_000), vectors=vectors, limit=11_000, rng=np.random.default_rng(0))
    assert len(found) == overview.SAMPLE


def test_no_text_is_its_own_neighbour() -> None:
    vectors = np.eye(3, dtype=np.float16)
    found = overview.outliers(ids=ids_of(3), vectors=vectors, limit=3, rng=np.random.default_rng(0))
    assert [o.score for o in found] == pytest.approx([1.0, 1.0, 1.0])


@pytest.mark.parametrize(("n", "expected"), [(0, 0), (1, 0), (2, 2)])
def test_outliers_of_tiny_pools(n: int, expected: int) -> None:
    found = overview.outliers(ids=ids_of(n), vectors=unit(scattered(n)), limit=5, rng=np.random.default_rng(0))
    assert len(found) == expected


# --- themes ---------------------------------------------------------------------------------------------------------

KITCHEN = ["Tomato soup 400G", "SOUP with tomatoes 2 kg", "soup, the chicken one"]
GARDEN = ["Garden hose 20 m", "hose connector", "HOSE REEL 15M garden"]


def test_themes_have_sizes_words_and_typical_texts() -> None:
    texts = [f"{text} pack" for text in KITCHEN * 20 + GARDEN * 10]
    found = overview.themes(
        ids=ids_of(90), texts=texts, vectors=clusters([60, 30]), rng=np.random.default_rng(0), count=2
    )
    assert [t.size for t in found] == [60, 30]
    assert [t.share for t in found] == pytest.approx([2 / 3, 1 / 3])
    assert found[0].words[0] == "soup"
    assert found[1].words[:2] == ("hose", "garden")
    seen = {word for theme in found for word in theme.words}
    assert seen.isdisjoint({"the", "with", "400g", "kg", "m", "15m", "20"})
    assert len(seen & {"tomato", "tomatoes"}) == 1
    assert all(int(i[1:]) < 60 for i in found[0].examples)


def test_examples_of_a_theme_differ() -> None:
    base = clusters([40], spread=0.15)
    vectors = np.repeat(base, 5, axis=0)
    (theme,) = overview.themes(
        ids=ids_of(200), texts=["same"] * 200, vectors=vectors, rng=np.random.default_rng(0), count=1
    )
    assert len({int(i[1:]) // 5 for i in theme.examples}) == len(theme.examples) == overview.EXAMPLES


def test_the_same_seed_gives_the_same_themes_of_a_sampled_pool_and_sizes_scale() -> None:
    n = overview.SAMPLE + 5_000
    vectors, texts = clusters([n // 12 + 1] * 12)[:n], [f"word{'abc'[i % 3]} x" for i in range(n)]

    def run() -> list[overview.Theme]:
        return overview.themes(ids=ids_of(n), texts=texts, vectors=vectors, rng=np.random.default_rng(5))

    first = run()
    assert first == run()
    assert len(first) == overview.MAX_THEMES
    assert abs(sum(theme.size for theme in first) - n) <= len(first)


def test_themes_of_texts_without_spaces_are_named_by_pairs_of_characters() -> None:
    texts = ["婴儿纸尿裤大号", "婴儿湿巾", "婴儿奶粉", "全脂牛奶", "低脂牛奶", "牛奶饮料"]
    found = overview.themes(ids=ids_of(6), texts=texts, vectors=clusters([3, 3]), rng=np.random.default_rng(0), count=2)
    assert {theme.words[0] for theme in found} == {"婴儿", "牛奶"}


def test_themes_come_fewer_where_vectors_coincide_or_texts_lack() -> None:
    rng = np.random.default_rng(0)
    same = np.repeat(unit(scattered(2)), 20, axis=0)
    assert len(overview.themes(ids=ids_of(40), texts=["12 34"] * 40, vectors=same, rng=rng, count=5)) == 2
    assert overview.themes(ids=[], texts=[], vectors=unit(scattered(0)), rng=rng) == []
    (only,) = overview.themes(ids=ids_of(1), texts=["12"], vectors=unit(scattered(1)), rng=rng)
    assert (only.size, only.words, only.examples) == (1, (), ("t0",))


def test_ten_thousand_texts_are_looked_through_in_seconds() -> None:
    vectors, ids, rng = unit(scattered(10_000, d=384)), ids_of(10_000), np.random.default_rng(0)
    started = time.process_time()
    overview.near_duplicates(ids=ids, vectors=vectors, rng=rng)
    overview.outliers(ids=ids, vectors=vectors, limit=10, rng=rng)
    # Processor seconds of both cores together, generous: a pass that went row by row would take minutes.
    assert time.process_time() - started < 60


# --- scripts and words ----------------------------------------------------------------------------------------------


def test_scripts_are_shares_of_letters_largest_first() -> None:
    shares = script_shares(
        ["Milk 500", "молоко", "牛奶 ミルク", "حليب", "दूध", "\N{FULLWIDTH LATIN CAPITAL LETTER A}" * 2]
    )
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    letters = 6 + 6 + 2 + 3 + 4 + 2
    assert shares == {
        "Latin": pytest.approx(6 / letters),
        "Cyrillic": pytest.approx(6 / letters),
        "Han": pytest.approx(2 / letters),
        "Katakana": pytest.approx(3 / letters),
        "Arabic": pytest.approx(4 / letters),
        "Devanagari": pytest.approx(2 / letters),
    }
    assert script_shares(["123 €", ""]) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CHKN BRST 600G 2 kg 6x150ml", ["chkn", "brst"]),
        ("Crème fraîche, 1,5 l", ["crème", "fraîche"]),
        ("हिन्दी दूध", ["हिन्दी", "दूध"]),
        ("can't snake_case v2", ["can", "t"]),
    ],
)
def test_words_leave_out_numbers_sizes_and_codes(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    "hostile", ["क" * 20_000 + "1", "1," * 10_000, "1,," * 7_000, "9" * 20_000 + "abc", "a1" * 10_000]
)
def test_words_of_hostile_texts_take_no_time(hostile: str) -> None:
    started = time.process_time()
    assert words(hostile) == []
    assert time.process_time() - started < 1


@pytest.mark.parametrize("trained", ["en", "en, de", None])
def test_an_english_pool_brings_no_warning(trained: str | None) -> None:
    languages = {"en": 0.9, "fr": 0.05, "unknown": 0.05}
    assert encoder_warning(scripts={"Latin": 1.0}, languages=languages, encoder_languages=trained) is None


def test_a_foreign_language_brings_a_warning_with_its_share_and_what_to_set() -> None:
    languages = {"en": 0.6, "de": 0.3, "fr": 0.1}
    warning = encoder_warning(scripts={"Latin": 1.0}, languages=languages, encoder_languages="en")
    assert warning is not None
    assert "40% of the texts are in languages (de 30%, fr 10%)" in warning
    assert "LAUD_ENCODER" in warning
    assert "intfloat/multilingual-e5-small" in warning


def test_a_foreign_script_brings_a_warning_even_in_an_unknown_language() -> None:
    scripts, languages = {"Latin": 0.7, "Cyrillic": 0.3}, {"en": 0.7, "unknown": 0.3}
    warning = encoder_warning(scripts=scripts, languages=languages, encoder_languages=None)
    assert warning is not None
    assert "30% of the letters are in scripts (Cyrillic 30%) that the encoder may not have been trained for" in warning


def test_an_encoder_that_knows_the_language_brings_no_warning() -> None:
    scripts, languages = {"Cyrillic": 1.0}, {"ru": 1.0}
    for trained in ("multilingual", "ru", "['en', 'ru', 'multilingual']"):
        assert encoder_warning(scripts=scripts, languages=languages, encoder_languages=trained) is None
