"""What looking at a pool or at results brings, by what is shown: examples, since each has a form of its own."""

from collections.abc import Mapping
from typing import Any

_TEXT = {"id": "5d41402abc4b2a76b971", "text": "NAPPIES SZ4 44PK"}
_SCORE = {"value": 0.71, "low": 0.55, "high": 0.84}
_SCORES = {"basis": "gold", "n": 100, "of": "baby care", "precision": _SCORE, "recall": _SCORE, "f1": _SCORE}
_ROUND = {
    "round": 3,
    "status": "closed",
    "labels": 91,
    "oracle_calls": 25,
    "cost": 0.0,
    "strategy": "diverse-margin",
    "learner": "head",
    "scores": _SCORES,
}
_WRONG = {"text": "BABY CARROTS 500G", "label": "other", "predicted": "baby care", "confidence": 0.72}
_THEME = {"size": 123, "share": 0.077, "words": ["baby", "bags", "toilet"], "examples": ["NAPPY SACKS FRAG 300"]}
POOL_SHOWN: Mapping[str, Mapping[str, Any]] = {
    "overview": {
        "pool": "receipts",
        "texts": 1_596,
        "rows": 1_600,
        "duplicates": 4,
        "columns": ["category"],
        "characters": {"shortest": 4, "median": 27, "longest": 52},
        "languages": {"en": 0.99, "unknown": 0.01},
        "themes": [_THEME],
        "unusual": [_TEXT],
        "warning": None,
    },
    "themes": {"pool": "receipts", "themes": [_THEME]},
    "texts": {"pool": "receipts", "size": 1_596, "texts": [_TEXT]},
    "similar": {"pool": "receipts", "query": "nappies", "words": [], "texts": [{**_TEXT, "similarity": 0.81}]},
}
RESULTS_SHOWN: Mapping[str, Mapping[str, Any]] = {
    "status": {
        "task": "baby-care",
        "show": "status",
        "stop": {"rule": "labels", "reason": "91 training labels are held, the limit was 91"},
        "rounds": [_ROUND],
        "labels": 91,
        "gold_labels": 100,
        "seed_calls": 54,
        "not_found": {},
        "cost": 0.0,
        "scores": _SCORES,
        "zero_shot": _SCORES,
        "model": "baby-care-3f2a-round-003",
        "waiting": 0,
        "classes": [{"name": "baby care", "definition": "Nappies, wipes, formula.", "examples": []}],
        "to_label": [],
    },
    "scores": {
        "task": "baby-care",
        "show": "scores",
        "scores": _SCORES,
        "zero_shot": _SCORES,
        "per_class": {"baby care": {"precision": _SCORE, "recall": _SCORE, "f1": _SCORE, "texts": 20}},
        "confusion": {"classes": ["baby care", "other"], "counts": [[15, 5], [3, 77]]},
        "labels": 91,
        "gold_labels": 100,
    },
    "rounds": {"task": "baby-care", "show": "rounds", "rounds": [_ROUND]},
    "confused": {
        "task": "baby-care",
        "show": "confused",
        "pairs": [{"label": "other", "predicted": "baby care", "count": 3, "of": 80, "texts": [_WRONG]}],
    },
    "suspicious": {
        "task": "baby-care",
        "show": "suspicious",
        "labels": [
            {
                **_TEXT,
                "label": "other",
                "suggested": "baby care",
                "probability_of_label": 0.12,
                "source": "human:ada",
                "round": 2,
            }
        ],
    },
    "hard": {"task": "baby-care", "show": "hard", "texts": [_WRONG]},
    "why": {
        "task": "baby-care",
        "show": "why",
        "texts": [
            {
                **_TEXT,
                "round": 3,
                "strategy": "diverse-margin",
                "probabilities": {"baby care": 0.52, "other": 0.48},
                "label": "baby care",
                "why": "The model of round 2 was torn between 'baby care' and 'other'.",
            }
        ],
    },
    "predictions": {
        "task": "baby-care",
        "show": "predictions",
        "classes": [
            {
                "name": "baby care",
                "count": 44,
                "share": 0.0276,
                "most_sure": [{**_TEXT, "probability": 0.97}],
                "least_sure": [{**_TEXT, "probability": 0.51}],
            }
        ],
    },
    "people": {
        "task": "baby-care",
        "show": "people",
        "texts": 40,
        "alpha": {"value": 0.71, "low": 0.55, "high": 0.85},
        "people": [{"who": "human:ada", "answers": 40, "accuracy": 0.94}],
        "conflicts": 1,
        "texts_in_conflict": [
            {
                "id": "5d41402abc4b2a76b971",
                "text": "BABY CARROTS 500G",
                "said": {"human:ada": "other", "human:bob": "baby care"},
            }
        ],
    },
    "benefit": {
        "task": "baby-care",
        "show": "benefit",
        "benefit": {
            "oracle": "llm:gpt-4o-mini",
            "labels": 400,
            "wanted": 0.95,
            "ways": [
                {
                    "who": "model",
                    "quality": {"value": 0.93, "low": 0.85, "high": 0.97},
                    "dollars": 0.05,
                    "minutes": 4.0,
                    "by_hand": 40,
                }
            ],
            "advice": "Both: 95.0% right with 9 minutes by hand, in place of 93.0% with 4 or all right with 40.",
            "assumptions": ["Right is what the person who checks says: her own mistakes are not counted."],
        },
    },
    "edits": {
        "task": "baby-care",
        "show": "edits",
        "edits": [
            {
                "edit": "baby care>other",
                "said": "baby care",
                "truth": "other",
                "diff": "+  Not: carrots (these are 'other').",
                "disagreements": [
                    {"id": "5d41", "text": "BABY CARROTS", "said": "baby care", "truth": "other", "note": None}
                ],
                "in_doubt": 3,
            }
        ],
    },
    "doubts": {
        "task": "baby-care",
        "show": "doubts",
        "labels": [
            {
                **_TEXT,
                "label": "other",
                "suggested": "baby care",
                "right": 0.31,
                "worth_a_second_look": True,
                "source": "llm:gpt-4o-mini",
                "round": 2,
            }
        ],
    },
    "oracles": {
        "task": "baby-care",
        "show": "oracles",
        "oracles": [
            {
                "oracle": "llm:gpt-4o-mini",
                "verdict": "use",
                "advice": "Use llm:gpt-4o-mini: by 40 checks, 93% (85% to 97%) of its answers are right.",
                "checks": 40,
                "accuracy": {"value": 0.93, "low": 0.85, "high": 0.97},
            }
        ],
    },
}
