"""The compiled forest against xgboost itself, and against files that lie."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.forest import ubjson
from models.forest.attribution import Attribution
from models.forest.evaluate import Margins, margins_nodes
from models.forest.format import read_forest

xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed: the [train] extra")


def grown(seed: int, depth: int, trees: int, classes: int = 2, features: int = 6) -> tuple[Any, np.ndarray]:
    """A booster on noise with missing values and ties, and its rows."""
    rng = np.random.default_rng(seed)
    rows = np.round(rng.normal(size=(400, features)), 1)
    rows[rng.random(rows.shape) < 0.2] = np.nan
    label = rng.integers(0, classes, 400)
    parameters = {
        "max_depth": depth,
        "eta": 0.4,
        "min_child_weight": 0.0,
        "seed": seed,
        "nthread": 1,
        "tree_method": "hist",
        "objective": "binary:logistic" if classes == 2 else "multi:softprob",
    }
    if classes > 2:
        parameters["num_class"] = classes
    return xgboost.train(parameters, xgboost.DMatrix(rows, label), trees), rows


def blob(booster: Any, form: str = "json") -> bytes:
    return bytes(booster.save_raw(form))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 7), st.integers(1, 20), st.sampled_from([2, 3]), st.sampled_from(["json", "ubj"]))
def test_margins_and_contributions_are_xgboosts(seed: int, depth: int, trees: int, classes: int, form: str) -> None:
    booster, rows = grown(seed, depth, trees, classes)
    matrix = xgboost.DMatrix(rows)
    forest = read_forest(blob(booster, form))
    margins = Margins(forest)(rows)
    expected = booster.predict(matrix, output_margin=True).reshape(len(rows), -1)
    np.testing.assert_allclose(margins, expected, atol=1e-5)
    parts = Attribution(forest)(rows)
    expected_parts = booster.predict(matrix, pred_contribs=True).reshape(parts.shape)
    np.testing.assert_allclose(parts, expected_parts, atol=1e-4)
    np.testing.assert_allclose(parts.sum(2), margins, atol=1e-9)


def test_probability_is_xgboosts_within_a_millionth() -> None:
    booster, rows = grown(3, 6, 120)
    margins = Margins(read_forest(blob(booster)))(rows)[:, 0]
    np.testing.assert_allclose(1 / (1 + np.exp(-margins)), booster.predict(xgboost.DMatrix(rows)), atol=1e-6)


def test_a_forest_too_deep_to_pad_is_walked_node_by_node() -> None:
    booster, rows = grown(5, 13, 3)
    forest = read_forest(blob(booster))
    assert forest.depth > 10
    expected = booster.predict(xgboost.DMatrix(rows), output_margin=True)
    np.testing.assert_allclose(Margins(forest)(rows)[:, 0], expected, atol=1e-5)
    expected = booster.predict(xgboost.DMatrix(rows), pred_contribs=True)
    np.testing.assert_allclose(Attribution(forest)(rows)[:, 0], expected, atol=1e-4)


def test_either_walk_and_any_batch_give_the_same_bits() -> None:
    booster, rows = grown(7, 5, 21, 3)
    f = read_forest(blob(booster))
    together = Margins(f)(rows)
    plain = np.empty_like(together)
    margins_nodes(rows, f.start, f.left, f.right, f.feature, f.threshold, f.default_left, f.group, f.base, plain)
    assert together.tobytes() == plain.tobytes()
    alone = np.concatenate([Margins(f)(rows[i : i + 1]) for i in range(50)])
    assert together[:50].tobytes() == alone.tobytes()
    assert together.tobytes() == Margins(f)(rows).tobytes()


def test_row_all_missing_and_row_at_a_threshold() -> None:
    booster, rows = grown(11, 4, 10)
    f = read_forest(blob(booster))
    inner = f.left >= 0
    at = np.full((1 + inner.sum(), rows.shape[1]), np.nan)
    at[np.arange(1, len(at)), f.feature[inner]] = f.threshold[inner]
    np.testing.assert_allclose(Margins(f)(at)[:, 0], booster.predict(xgboost.DMatrix(at), output_margin=True), atol=1e-5)


def _document() -> dict[str, Any]:
    return json.loads(blob(grown(1, 3, 2)[0]))


def _tree(document: dict[str, Any]) -> dict[str, Any]:
    return document["learner"]["gradient_booster"]["model"]["trees"][0]


def _ring(d: dict[str, Any]) -> None:
    tree = _tree(d)
    tree["left_children"][1] = 0


def _apart(d: dict[str, Any]) -> None:
    """Two nodes that are each other's children, which the root does not reach."""
    tree = _tree(d)
    n = len(tree["left_children"])
    for values in tree.values():
        if isinstance(values, list) and len(values) == n:
            values.extend([values[0]] * 4)
    tree["left_children"][n:] = [n + 1, n, -1, -1]
    tree["right_children"][n:] = [n + 2, n + 3, -1, -1]


LIES = {
    "a child that is its own ancestor": (_ring, "not a tree"),
    "a ring apart from the root": (_apart, "ring"),
    "a child out of range": (lambda d: _tree(d)["right_children"].__setitem__(0, 10_000), "not a tree"),
    "two parents": (lambda d: _tree(d)["right_children"].__setitem__(0, _tree(d)["left_children"][0]), "not a tree"),
    "one child": (lambda d: _tree(d)["right_children"].__setitem__(0, -1), "one child"),
    "an index beyond 32 bits": (lambda d: _tree(d)["left_children"].__setitem__(0, 1 << 40), "range"),
    "a default beyond 64 bits": (lambda d: _tree(d)["default_left"].__setitem__(0, 1 << 63), "range"),
    "an unknown feature": (lambda d: _tree(d)["split_indices"].__setitem__(0, 99), "does not have"),
    "a negative feature": (lambda d: _tree(d)["split_indices"].__setitem__(0, -1), "does not have"),
    "a threshold beyond float32": (lambda d: _tree(d)["split_conditions"].__setitem__(0, 1e300), "finite"),
    "a negative cover": (lambda d: _tree(d)["sum_hessian"].__setitem__(0, -1.0), "cover"),
    "a short array": (lambda d: _tree(d)["default_left"].pop(), "different lengths"),
    "categories": (lambda d: _tree(d)["split_type"].__setitem__(0, 1), "categories"),
    "no trees": (lambda d: d["learner"]["gradient_booster"]["model"].update(trees=[], tree_info=[]), "no trees"),
    "a class out of range": (
        lambda d: d["learner"]["gradient_booster"]["model"]["tree_info"].__setitem__(0, 4), "unknown classes"),
    "a base score that is no number": (lambda d: d["learner"]["learner_model_param"].update(base_score="x"), "base score"),
    "a base score of one": (lambda d: d["learner"]["learner_model_param"].update(base_score="1"), "base score"),
    "features that are no number": (lambda d: d["learner"]["learner_model_param"].update(num_feature="-3"), "num_feature"),
    "another objective": (lambda d: d["learner"]["objective"].update(name="rank:ndcg"), "objective"),
    "another booster": (lambda d: d["learner"]["gradient_booster"].update(name="gblinear"), "booster"),
    "text for numbers": (lambda d: _tree(d).update(left_children=["a"]), "not an xgboost model"),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_hostile_model_files_are_refused_in_one_sentence(lie: str) -> None:
    spoil, word = LIES[lie]
    document = _document()
    spoil(document)
    with pytest.raises(ValueError, match=word) as caught:
        read_forest(json.dumps(document).encode())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bad", [b"", b"{", b"PK\x03\x04", b'{"learner": 3}', b"\x80\x04N.", b"[" * 100_000, b"NaN"])
def test_files_without_a_model_are_refused(bad: bytes) -> None:
    with pytest.raises(ValueError, match=r"model file|UBJSON"):
        read_forest(bad)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_binary_file_loads_or_is_refused_but_never_crashes(data: st.DataObject) -> None:
    raw = bytearray(_SMALL)
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    for each in (bytes(raw), bytes(raw[:cut])):
        try:
            forest = read_forest(each)
        except ValueError:
            continue
        assert np.isfinite(Margins(forest)(np.zeros((1, forest.features)))).all()


_SMALL = blob(grown(2, 2, 2)[0], "ubj")


@pytest.mark.parametrize(
    "bad", [b"[$i#L\x7f\xff\xff\xff\xff\xff\xff\xff", b"SU\xffabc", b"[" * 200, b"{i\x01", b"[$U#i\xff", b"Q", b"[$i\x01]", b"ZZ"]
)
def test_ubjson_with_wrong_lengths_is_refused(bad: bytes) -> None:
    with pytest.raises(ValueError, match="UBJSON"):
        ubjson.decode(bad)


def test_ubjson_reads_every_kind() -> None:
    assert ubjson.decode(b"{U\x01aZi\x01bTi\x01c[l\x00\x00\x00\x07F]i\x01dSU\x02hid".replace(b"hid", b"hi") + b"}") == {
        "a": None,
        "b": True,
        "c": [7, False],
        "d": "hi",
    }
    assert ubjson.decode(b"[$d#U\x02" + np.array([1.5, -2.0], ">f4").tobytes()) == [1.5, -2.0]
