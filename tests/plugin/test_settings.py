"""Bad settings: a named error for each, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fiftyone as fo
import numpy as np
import pytest

from plugin.setting_labels import labelled
from smartdownsample_core.errors import ParameterError


@pytest.fixture(scope="module")
def untouched(images, state_of) -> Iterator[tuple[fo.Dataset, dict[str, Any]]]:
    """A dataset of the 80 images that nothing may write to, and its state."""
    dataset = fo.Dataset(persistent=True)
    dataset.add_samples([fo.Sample(path) for path in images])
    yield dataset, state_of(dataset)
    dataset.delete()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"target_count": 0},
            "target_count must be a whole number of at least 1, got 0",
        ),
        ({"strategy": "best"}, "strategy must be 'diverse', .*, got 'best'"),
        ({"target_count": 81}, "target_count 81 exceeds the 80 samples; ask for 1 to 80"),
        ({"run_key": "my run"}, "run_key must be letters, .* got 'my run'"),
        ({"run_key": "2nd"}, "run_key must be letters, .* got '2nd'"),
        ({"run_key": "_mine"}, "run_key must be letters, .* got '_mine'"),
        ({"signature_field": "a.b"}, "signature_field must be letters, .* got 'a.b'"),
        ({"signature_field": "tags"}, "has a field 'tags' that smartdownsample did not make"),
        ({"tag": 5}, "tag must be .* got 5"),
        ({"features": np.ones((2, 2))}, "features must be a field or a brain key, got a ndarray"),
        ({"stratify_by": ["tags", "a"]}, "stratify_by: the dataset has no field 'a'; there is"),
        (
            {"stratify_by": ["a", "b", "a"]},
            "stratify_by must be the path of a field, got a list; write",
        ),
        ({"stratify_by": [1]}, "stratify_by must be the path of a field, got a list; write"),
        (
            {"keep": ["a.jpg"]},
            "keep: 'a.jpg' is not the id of a sample; for paths, pass dataset.select_by",
        ),
        ({"keep": [1, 2]}, "keep must be a tag, the name of a saved view, a view, or ids of"),
        ({"run_key": 3}, "run_key must be letters, digits and underscores"),
        ({"save_distribution": "no/a.png"}, "the folder /.*/no does not exist; create it"),
        ({"stratify_by": "tag"}, "no field 'tag'; there is 'tags'"),
        ({"stratify_by": 5}, "stratify_by must be the path of a field, got a int"),
        (
            {"stratify_by": "metadata"},
            "'metadata' is of type EmbeddedDocumentField and holds no labels",
        ),
        ({"features": "tags"}, "'tags' is a ListField, and embeddings are vectors; no field and"),
        (
            {"features": "x.npy"},
            "no brain key 'x.npy'; no field and no brain run has embeddings, a",
        ),
        ({"features": "clip"}, "the dataset has no field and no brain key 'clip'"),
        ({"keep": "gold"}, "keep: no tag and no saved view is named 'gold'"),
        ({"keep": 5}, "keep must be a tag, the name of a saved view or ids, got 5"),
        ({"keep": ["0" * 24]}, "keep: 1 of 1 ids are not among the samples"),
        ({"keep": []}, "got an empty list; for samples"),
        ({"run_key": ""}, "run_key must be letters, .* got ''"),
        ({"random_seed": 2**63}, "random_seed"),
        ({"save_distribution": "/tmp/\udce9.png"}, "cannot be recorded with the run"),
        (
            {"save_distribution": f"/tmp/{'a' * 300}.png"},
            "no file can be named .*File name too long",
        ),
        ({"save_distribution": "/tmp/a\0.png"}, "no file can be named .*embedded null "),
        ({"save_distribution": "~nobody at all/a.png"}, "the folder /.* does not exist"),
        ({"save_distribution": "~a\0b/a.png"}, "no file can be named .*embedded null "),
        ({"save_distribution": 5, "save_thumbnails": 5}, "must be the path of a file, got 5"),
        (
            {"save_distribution": "/tmp/a.png", "save_thumbnails": "/tmp/../tmp/a.png"},
            "save_thumbnails is the same file as save_distribution, /tmp/a.png; choose two",
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_bad_setting_writes_nothing(untouched, operators, state_of, settings, message) -> None:
    """Each setting out of its bounds is named with its value and bound."""
    dataset, before = untouched
    with pytest.raises(ValueError, match=message):
        operators.downsample(dataset, **{"target_count": 10, **settings})
    assert state_of(dataset) == before


@pytest.mark.parametrize("given", ["my-dataset", None, []], ids=["name", "nothing", "list"])
def test_what_is_no_dataset_is_refused(operators, given, tmp_path) -> None:
    """A name, nothing or samples in the place of a dataset are named, by every operator."""
    for call in (
        lambda: operators.downsample(given, 5),
        lambda: operators.compute_signatures(given),
        lambda: operators.view_buckets(given),
        lambda: operators.delete_run(given, "smartdownsample"),
        lambda: operators.export_run(given, "smartdownsample", tmp_path / "kept.csv"),
        lambda: operators.arrange_app(given),
        lambda: operators.recover_runs(given),
    ):
        with pytest.raises(ValueError, match="expected a dataset or view, got a"):
            call()


def test_paths_and_views_will_do(dataset, operators, tmp_path) -> None:
    """Charts and lists may be Path objects, and a view stands for its dataset."""
    operators.downsample(dataset, 5, save_distribution=tmp_path / "chart.png")
    assert (tmp_path / "chart.png").is_file()
    view = dataset.view()
    assert operators.export_run(view, "smartdownsample", tmp_path / "kept.csv")["samples"] == 5
    assert operators.delete_run(view, "smartdownsample")["untagged"] == 5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"signature_field": "filepath"}, "did not make; choose another name"),
        ({"signature_field": "a.b"}, "signature_field must be letters"),
        ({"hash_size": 3}, "hash_size must be a whole number from 4 to 64, got 3"),
        ({"n_workers": 0}, "n_workers must be a whole number of at least 1, got 0"),
    ],
    ids=["foreign-field", "dotted-field", "hash-size", "workers"],
)
def test_signatures_alone_check_the_same(untouched, operators, state_of, settings, message) -> None:
    """Computing signatures refuses the same bad settings as a run."""
    dataset, before = untouched
    with pytest.raises(ValueError, match=message):
        operators.compute_signatures(dataset, **settings)
    assert state_of(dataset) == before


@pytest.mark.parametrize(
    ("name", "run_key"),
    [("mine kept", "mine"), ("mine buckets", "mine"), ("MINE  Kept", "mine"), ("a-kept", "A")],
    ids=["kept", "buckets", "other-case", "same-slug"],
)
def test_a_view_of_the_user_is_not_overwritten(dataset, operators, state_of, name, run_key) -> None:
    """A run key whose views would collide with a saved view, even by slug only, is refused."""
    dataset.save_view(name, dataset.limit(3))
    before = state_of(dataset)
    with pytest.raises(ValueError, match=r"has a saved view .*; choose another key"):
        operators.downsample(dataset, 10, run_key=run_key)
    assert state_of(dataset) == before


@pytest.mark.parametrize("name", ["mine_rank", "mine_group", "mine near-duplicates"])
def test_what_a_choice_writes_is_not_overwritten(dataset, operators, state_of, name) -> None:
    """Fields and views of the user by the names of ours are refused; a run without them is not."""
    if name.isidentifier():
        dataset.set_values(name, [7] * 80)
    else:
        dataset.save_view(name, dataset.limit(3))
    before = state_of(dataset)
    for _ in range(2):  # as a first run, and as one that replaces another
        with pytest.raises(ValueError, match=r"already is a field|already has a saved view"):
            operators.downsample(dataset, 10, run_key="mine", strategy="diverse", near_duplicates=4)
        assert state_of(dataset) == before
        operators.downsample(dataset, 10, run_key="mine", strategy="stride")
        before = state_of(dataset)


def test_too_much_to_keep_is_refused(dataset, operators) -> None:
    """What is to be kept counts toward the target, which must have room for it."""
    dataset.limit(12).tag_samples("gold")
    with pytest.raises(ValueError, match="keep has 12 samples, more than the target of 10"):
        operators.downsample(dataset, 10, keep="gold")
    with pytest.raises(ValueError, match="'gold' has none of the samples to choose from"):
        operators.downsample(dataset.skip(40), 10, keep="gold")
    with pytest.raises(ValueError, match="12 of 12 ids are not among the samples"):
        operators.downsample(dataset.skip(40), 30, keep=dataset.limit(12))


@pytest.mark.parametrize("brain_key", [None, "near", "map"], ids=["field", "index", "points"])
def test_missing_embeddings_are_counted(dataset, operators, state_of, brain_key) -> None:
    """Samples without an embedding are counted, before anything is written."""
    import fiftyone.brain as fob

    dataset.add_sample_field("vectors", fo.VectorField)
    dataset.limit(70).set_values("vectors", [np.arange(3.0) + row for row in range(70)])
    name, message = "vectors", "10 of 80 samples have no embedding in 'vectors'"
    if brain_key == "near":
        vectors = np.stack(dataset.limit(70).values("vectors"))
        fob.compute_similarity(
            dataset.limit(70), embeddings=vectors, brain_key="near", backend="sklearn"
        )
        name, message = "near", "10 of 80 samples have no embedding in 'near'"
    if brain_key == "map":
        fob.compute_visualization(dataset, points=np.zeros((80, 2)), brain_key="map")
        name, message = "map", "the brain run 'map' keeps no embeddings"
    before = state_of(dataset)
    with pytest.raises(ValueError, match=message):
        operators.downsample(dataset, 10, features=name, strategy="diverse")
    assert state_of(dataset) == before


def test_a_run_of_someone_else_is_not_overwritten(dataset, operators, state_of) -> None:
    """A run key that a custom run of another method has is refused."""
    dataset.register_run("mine", dataset.init_run(method="something_else"))
    before = state_of(dataset)
    with pytest.raises(ValueError, match="there is another run 'mine'; choose another key"):
        operators.downsample(dataset, 10, run_key="mine")
    assert state_of(dataset) == before


@pytest.mark.parametrize("settings", [{"tag": "mine"}, {"run_key": "mine"}], ids=["tag", "run_key"])
def test_a_tag_of_the_user_is_not_mixed(dataset, operators, state_of, settings) -> None:
    """A tag that samples have already, and not by this run, is refused."""
    dataset.limit(1).tag_samples("mine")
    before = state_of(dataset)
    with pytest.raises(ValueError, match="samples are tagged 'mine' already"):
        operators.downsample(dataset, 10, **settings)
    assert state_of(dataset) == before


def test_a_replacing_run_may_not_take_a_tag_of_the_user(dataset, operators, state_of) -> None:
    """A run that is replaced under another tag checks that tag, and stays if it is refused."""
    operators.downsample(dataset, 10)
    dataset.limit(1).tag_samples("mine")
    before = state_of(dataset)
    with pytest.raises(ValueError, match="samples are tagged 'mine' already"):
        operators.downsample(dataset, 10, tag="mine")
    assert state_of(dataset) == before


def test_a_field_of_the_user_is_not_overwritten(dataset, operators, state_of) -> None:
    """An embedded field of the same name that is not ours is refused."""
    dataset.set_values("signature", [fo.DynamicEmbeddedDocument(bucket=1)] * 80)
    before = state_of(dataset)
    with pytest.raises(ValueError, match="field 'signature' that smartdownsample did not make"):
        operators.downsample(dataset, 10)
    assert state_of(dataset) == before


def test_an_empty_view_is_refused(dataset, operators) -> None:
    """Nothing to choose from is said as such."""
    with pytest.raises(ValueError, match="there are no samples here; choose another view"):
        operators.downsample(dataset.match_tags("none"), 10)
    with pytest.raises(ValueError, match="there are no samples here; choose another view"):
        operators.compute_signatures(fo.Dataset())


def test_settings_have_the_names_of_the_form_and_nothing_else_has() -> None:
    """Fields and files may be named like a setting."""
    error = ParameterError(
        "target_count",
        "{n} exceeds what {max_per_group} leaves of {field}",
        n=81,
        field="/tmp/random_seed.png",
    )
    assert labelled(error) == (
        "'Images to keep' 81 exceeds what 'Maximum per group' leaves of /tmp/random_seed.png"
    )
