"""Which languages are found in pools of short texts."""

import numpy as np
import pytest

from tools.adapters.language import SAMPLE, language_shares
from tools.engine.scripts import UNKNOWN

ENGLISH = [
    "CHKN BRST FLT 600G", "BABY WIPES SENSITIVE 72PK", "Garden hose, 20 m", "OAT BISCUITS", "TOOTHBRSH MED 2PK",
    "Red onions, loose", "CAT FOOD POUCH TUNA", "Shower gel for men", "FSH FNGRS 10S", "Whole milk 2 litres",
    "WASHING UP LIQUID LEMON", "Wholemeal bread, sliced", "TEA BAGS 80", "Apple juice from concentrate",
]  # fmt: skip
GERMAN = [
    "Vollmilch 3,5 % Fett", "ROGGENBROT GESCHNITTEN 500G", "Waschmittel flüssig für Buntes", "Windeln Größe 4",
    "HÄHNCHENBRUST FRISCH", "Apfelsaft naturtrüb", "Käse in Scheiben", "Katzenfutter mit Huhn",
]  # fmt: skip
FRENCH = [
    "Couches bébé taille 3", "JAMBON BLANC SUPÉRIEUR 4 TRANCHES", "Lessive liquide peau sensible",
    "Crème fraîche épaisse", "Fromage de chèvre frais", "Jus de pomme sans sucres ajoutés",
]  # fmt: skip
RUSSIAN = ["Молоко пастеризованное 3,2 %", "Хлеб ржаной нарезной", "Подгузники детские", "ЯБЛОЧНЫЙ НАПИТОК 1Л"]
CHINESE = ["全脂牛奶一升", "婴儿纸尿裤大号", "苹果汁", "洗衣液薰衣草香味"]
ARABIC = ["حليب كامل الدسم", "خبز أسمر", "حفاضات أطفال", "عصير تفاح طبيعي"]


def shares(texts: list[str]) -> dict[str, float]:
    return language_shares(texts=texts, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("texts", "code"),
    [(ENGLISH, "en"), (GERMAN, "de"), (FRENCH, "fr"), (RUSSIAN, "ru"), (CHINESE, "zh"), (ARABIC, "ar")],
)
def test_a_pool_of_product_names_in_one_language_is_of_that_language(texts: list[str], code: str) -> None:
    found = shares(texts * 5)
    assert next(iter(found)) == code
    assert found[code] >= 0.85
    assert sum(found.values()) == pytest.approx(1)


def test_a_mixed_pool_is_split_by_language() -> None:
    found = shares(ENGLISH * 4 + GERMAN * 2 + RUSSIAN)
    assert found["en"] == pytest.approx(56 / 76, abs=0.04)
    assert found["de"] == pytest.approx(16 / 76, abs=0.04)
    assert found["ru"] == pytest.approx(4 / 76, abs=0.02)


def test_numbers_and_codes_are_of_no_language() -> None:
    assert shares(["12345", "4006381333931", "-", "7 x 3", ""]) == {UNKNOWN: 1.0}
    assert shares(["KJSHD-200 BRX", "TRXV VLMS", "Xqz prm"] * 20).get(UNKNOWN, 0) >= 0.9


def test_one_ambiguous_name_alone_is_unknown() -> None:
    assert shares(["PANINI"]) == {UNKNOWN: 1.0}


def test_languages_below_the_noise_floor_count_as_unknown() -> None:
    found = shares(ENGLISH * 100 + ["Waschmittel flüssig für bunte Wäsche und Feines"])
    assert set(found) <= {"en", UNKNOWN}


def test_large_pools_are_sampled_with_the_given_generator() -> None:
    texts = (ENGLISH + RUSSIAN) * (SAMPLE // 6)
    first = shares(texts)
    assert first == shares(texts)
    assert first["ru"] == pytest.approx(4 / 18, abs=0.05)


def test_no_texts_have_no_languages_and_broken_unicode_is_survived() -> None:
    assert shares([]) == {}
    assert sum(shares(["\ud800 broken \udfff", "a" * 100_000]).values()) == pytest.approx(1)
