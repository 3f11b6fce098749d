"""The panel over HTTP: what its handlers answer, and what they leave alone."""

from __future__ import annotations

import base64
import copy
import io
import os
import re
import shutil
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.core.odm as foodm
import numpy as np
import pytest
from fiftyone import ViewField as F
from PIL import Image, ImageOps

from benchmarks.panel import signed
from plugin.panel._turns import OvertakenError, Turns
from smartdownsample_core import Choice, downsample, extract, natural_order

from .conftest import shown_ids


@pytest.fixture
def dataset(signed_dataset: fo.Dataset) -> fo.Dataset:
    """A dataset of the 80 images, whose signatures are there already."""
    return signed_dataset


def test_it_starts_with_what_to_do(make_dataset, images, open_panel) -> None:
    """Without signatures there is one button, which opens the operator's form."""
    user = open_panel(make_dataset(images))
    assert "None of the 80 samples has a visual signature yet" in user.text
    assert set(user.layout) == {"choose", "notice", "start"}
    user.do("compute")
    prompted = user.called("prompt_user_for_operation")
    assert prompted["operator_uri"].endswith("/compute_signatures")
    assert prompted["params"]["stages"] == []


def test_it_answers_as_a_run_would(dataset, operators, open_panel) -> None:
    """The what-if of some settings is what the run with these settings keeps."""
    user = open_panel(dataset)
    user.change("target_count", 23)
    user.change("random_seed", 7)
    user.do("fold_table")
    table = user.table("buckets")
    user.do("show_kept")
    would_keep = shown_ids(dataset, user)
    record = operators.downsample(dataset, 23, random_seed=7)
    assert [int(row["kept"]) for row in table] == [b["kept"] for b in record["buckets"]]
    assert would_keep == set(dataset.match_tags("smartdownsample").values("id"))


def _sheet(user, name: str = "sheet") -> tuple[Image.Image, str]:
    """Returns a picture, by default that of kept images, and what is said below it."""
    found = re.fullmatch(
        r"!\[.*\]\(data:image/webp;base64,(.*)\)\n\n(.*)", user.layout[name]["default"]
    )
    return Image.open(io.BytesIO(base64.b64decode(found[1]))).convert("RGB"), found[2]


def _looks_like(sheet: Image.Image, column: int, path: str, size=(96, 72), row=0) -> bool:
    """Whether a small picture, by default in the first row, shows a file."""
    width, height = size
    left, top = (width + 2) * column, (height + 2) * row
    tile = sheet.crop((left, top, left + width, top + height))
    wanted = ImageOps.fit(Image.open(path).convert("RGB"), size)
    return np.abs(np.asarray(tile, float) - np.asarray(wanted, float)).mean() < 12


def test_the_images_that_would_be_kept_are_shown(dataset, operators, open_panel) -> None:
    """In the order of choice, as many as the number says, and none of an answer that is none."""
    operators.downsample(dataset, 80)
    ranked = dataset.sort_by("smartdownsample_rank").values("filepath")
    user = open_panel(dataset)
    user.change("target_count", 5)
    sheet, caption = _sheet(user)
    assert (sheet.size, caption) == ((488, 72), "All 5 kept, in order of choice")
    assert all(_looks_like(sheet, column, ranked[column]) for column in range(5))
    assert not _looks_like(sheet, 0, ranked[1])
    assert "sheet_size" not in user.layout
    user.change("target_count", 50)
    sheet, caption = _sheet(user)
    assert (sheet.size, caption) == ((782, 368), "40 of 50 kept, first chosen")
    user.do("fold_pictures")
    sheet, caption = _sheet(user)
    assert (sheet.size, caption) == ((790, 248), "All 50 kept, in order of choice")
    assert all(_looks_like(sheet, n % 12, ranked[n], (64, 48), n // 12) for n in (0, 11, 12, 49))
    user.do("fold_pictures")
    assert _sheet(user)[1] == "40 of 50 kept, first chosen"
    user.change("strategy", "stride")
    assert _sheet(user)[1] == "40 of 50 kept, at even distances"
    user.change("target_count", 81)
    assert "sheet" not in user.layout


def test_how_many_are_enough(dataset, open_panel) -> None:
    """The curve is that of the core, a click on it sets the number, and Apply sends neither."""
    user = open_panel(dataset)
    assert "curve" not in user.layout
    user.change("curve", True)
    user.change("target_count", 20)
    paths = dataset.values("filepath")
    choice = Choice(strategy="diverse", camera=[os.path.dirname(path) for path in paths])
    coverage = downsample(extract(paths), natural_order(paths), 32, choice=choice).coverage()
    farthest, median = user.layout["curve"]["view"]["data"]
    assert farthest["x"] == coverage.counts.tolist()
    assert farthest["y"] == coverage.farthest[coverage.counts].tolist()
    assert median["y"] == coverage.median.tolist()
    assert f"20 kept: the farthest image left out is at {coverage.farthest[20]:.3g}" in user.text
    assert f"The curve bends at {coverage.knee:,}" in user.text
    user.do("click_curve", id=farthest["ids"][8])
    assert user.settings["target_count"] == user.settings["slider"] == 9
    assert "Would keep 9 of 80" in user.text
    user.do("apply")
    assert not {"curve", "more", "slider"} & set(user.called("prompt_user_for_operation")["params"])
    user.change("strategy", "stride")
    assert "does not rank images, so there is no curve" in user.text


def test_a_what_if_needs_no_image_and_writes_nothing(
    make_dataset, own_images, operators, open_panel
) -> None:
    """Settings change and bars are clicked while the files cannot be read, and nothing is written.

    The sheet has gaps in the places of these images.

    The files' size and times stay as they are: signatures are of these, and stay valid.
    """
    dataset = make_dataset(own_images)
    operators.downsample(dataset, 10)
    dataset.reload()
    for path in own_images:
        stat = os.stat(path)
        Path(path).write_bytes(bytes(stat.st_size))  # zeros: no reader makes an image of that
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    before = _documents(dataset)
    user = open_panel(dataset)
    for target in (1, 12, 24):
        user.change("target_count", target)
        assert f" {target} of 24" in user.text
    gaps = np.asarray(_sheet(user)[0].crop((0, 0, 96, 72)))
    assert np.ptp(gaps, axis=(0, 1)).max() < 4
    for name, value in {
        "strategy": "diverse",
        "near_duplicates": 4,
        "leave_out_junk": True,
    }.items():
        user.change(name, value)
        assert "chart" in user.layout
    user.do("click_bar", id=user.chart[0]["ids"][0])
    user.do("show_excluded")
    assert "missing_notice" not in user.layout
    assert _documents(dataset) == before


def _documents(dataset: fo.Dataset) -> dict[str, list[Any]]:
    """Returns all that the database holds of a dataset, its samples included."""
    database = foodm.get_db_conn()
    of_dataset = {
        "datasets": {"_id": dataset._doc.id},
        "runs": {"_dataset_id": dataset._doc.id},
        "views": {"_dataset_id": dataset._doc.id},
        "execution_store": {},
        dataset._sample_collection_name: {},
    }
    found = {name: list(database[name].find(query)) for name, query in of_dataset.items()}
    for document in (*found["datasets"], *found["views"]):
        document.pop("last_loaded_at")  # looking at it is allowed
    found["indexes"] = sorted(dataset.get_index_information())
    return found


def test_what_takes_long_is_said_first(open_panel) -> None:
    """Many signatures are read, and many images ranked, after a sign of it; and only once."""
    dataset = signed(6_000)
    user = open_panel(dataset)
    assert user.signs == ["Reading the stored signatures of 6,000 samples"]
    assert "loading" not in user.layout
    for target in (600, 300):
        user.change("target_count", target)
    assert len(user.signs) == 1
    user.change("strategy", "representative")
    assert user.signs[1:] == ["Choosing among 6,000 images with the strategy 'representative'"]
    user.change("strategy", "diverse")
    for target in (20, 450):
        user.change("target_count", target)
        assert f" {target} of 6,000" in user.text
    assert len(user.signs) == 2
    dataset.delete()


def test_an_answer_that_came_too_late_is_not_sent() -> None:
    """Only the last question of a panel is answered, however often it was asked."""
    turns = Turns()
    for panel, question in (("1", "diverse"), ("2", "diverse"), ("1", "stride"), ("1", "stride")):
        turns.ask(panel, question)
    turns.check("1", "stride")
    turns.check("2", "diverse")
    with pytest.raises(OvertakenError):
        turns.check("1", "diverse")


def test_a_bar_shows_its_bucket(dataset, operators, open_panel) -> None:
    """A click on a bar shows the samples of its bucket, kept and excluded ones if asked for."""
    operators.downsample(dataset, 20)
    user = open_panel(dataset)
    for bucket in user.chart[0]["ids"]:
        members = set(dataset.match(F("signature.bucket") == int(bucket)).values("id"))
        kept = set(dataset.match_tags("smartdownsample").values("id"))
        user.do("click_bar", id=bucket)
        assert shown_ids(dataset, user) == members
        _assert_framed(user, dataset.select(list(members)), kept)
        user.do("show_kept")
        assert shown_ids(dataset, user) == members & kept
        user.do("show_excluded")
        assert shown_ids(dataset, user) == members - kept
        user.do("show_all")
    user.do("leave_bucket")
    assert shown_ids(dataset, user) == set(dataset.values("id"))


def _assert_framed(user, members: fo.DatasetView, kept: set[str]) -> None:
    """Pictures of a bucket are some of its images in natural order, with frames if kept."""
    sheet, caption = _sheet(user, "of_bucket")
    assert (
        caption
        == ("Its images" if len(members) <= 16 else "16 of its images") + ", the kept ones framed"
    )
    columns, lines = (sheet.width + 2) // 98, (sheet.height + 2) // 74
    edges = [
        (98 * column + 2, 74 * line + 36) for line in range(lines) for column in range(columns)
    ]
    colors = [sheet.getpixel(edge)[:3] for edge in edges[: len(members)]]
    is_framed = [np.abs(np.subtract(color, (26, 165, 157))).max() < 40 for color in colors]
    if len(members) > 16:
        assert 0 < sum(is_framed) < 16
        return
    ordered = members.sort_by("signature.sort_key").values("id")
    assert is_framed == [one in kept for one in ordered]


def test_each_bucket_has_a_picture(dataset, operators, open_panel) -> None:
    """Of the kept image that was chosen first; of those that the table shows, in its order."""
    operators.downsample(dataset, 40)
    user = open_panel(dataset)
    rows = user.table("buckets")
    sheet, caption = _sheet(user, "of_buckets")
    assert caption == "An image of each bucket, by its number in the table"
    assert sheet.size == (98 * len(rows) - 2, 72)
    for place, row in enumerate(rows):
        members = dataset.match(F("signature.bucket") == int(row["id"]))
        first = members.exists("smartdownsample_rank").sort_by("smartdownsample_rank").first()
        right = (40, 0, 96, 72)  # of the number
        tile = sheet.crop((98 * place, 0, 98 * place + 96, 72)).crop(right)
        wanted = ImageOps.fit(Image.open(first.filepath).convert("RGB"), (96, 72)).crop(right)
        assert np.abs(np.asarray(tile, float) - np.asarray(wanted, float)).mean() < 12
    user.change("target_count", 3)
    user.change("strategy", "stride")
    assert "of those without a kept one, the first" in _sheet(user, "of_buckets")[1]


def test_pairs_around_the_threshold_are_shown(dataset, open_panel) -> None:
    """While settings are unfolded and exclude near-duplicates, by whatever they compare."""
    user = open_panel(dataset)
    user.change("duplicate_distance", 15)
    assert "pairs_0" not in user.layout
    user.change("more", True)
    for number, (said, sign) in enumerate(
        (("Near-duplicates, within 15", -1), ("Not near-duplicates, beyond 15", 1))
    ):
        sheet, caption = _sheet(user, f"pairs_{number}")
        assert sheet.size == (782, 72)
        kind, _, distances = caption.removesuffix(" apart").partition(": pairs ")
        assert kind == said
        signed_distances = [sign * (float(one) - 15) for one in distances.split(", ")]
        assert signed_distances == sorted(signed_distances)
        assert signed_distances[0] >= 0
    user.change("duplicate_distance", None)
    assert "pairs_0" not in user.layout
    user.change("near_duplicates", 6)
    assert "beyond 6 bits: pairs 7" in user.text


def test_next_and_previous_go_round(dataset, operators, open_panel) -> None:
    """From nowhere, next is the largest bucket and previous the smallest."""
    operators.downsample(dataset, 20)
    user = open_panel(dataset)
    buckets = [int(bucket) for bucket in user.chart[0]["ids"]]
    user.do("next_bucket")
    assert user.state["bucket"] == buckets[0]
    user.do("previous_bucket")
    assert user.state["bucket"] == buckets[-1]
    user.do("next_bucket")
    assert user.state["bucket"] == buckets[0]


def test_users_do_not_see_each_others_settings(dataset, operators, open_panel) -> None:
    """What one user tries out does not change what another one sees."""
    operators.downsample(dataset, 20)
    one, other = open_panel(dataset), open_panel(dataset)
    one.change("target_count", 60)
    other.change("random_seed", 1)
    assert other.settings["target_count"] == 20
    assert one.settings["random_seed"] == 42
    assert open_panel(dataset).settings["target_count"] == 20


def test_the_view_of_the_grid_is_what_is_chosen_from(dataset, open_panel) -> None:
    """A view that was taken stays the one to choose from, whatever the grid shows afterwards."""
    user = open_panel(dataset)
    user.view = dataset.limit(30)._serialize()
    user.do("take_view")
    assert "of 30 images" in user.text
    user.do("click_bar", id=user.chart[0]["ids"][0])
    user.change("target_count", 5)
    assert " 5 of 30" in user.text
    user.do("apply")
    params = user.called("prompt_user_for_operation")["params"]
    assert (params["target_count"], len(params["stages"])) == (5, 1)


def test_new_signatures_are_seen(dataset, operators, open_panel, own_images) -> None:
    """A sample that was added, and its signature, are seen at the next answer."""
    operators.downsample(dataset, 20)
    user = open_panel(dataset)
    assert "saved as the run" in user.text
    assert "missing_notice" not in user.layout
    dataset.add_samples([fo.Sample(path) for path in own_images])
    user.change("target_count", 20)
    assert f"{len(own_images)} of 104 samples have no up-to-date signature" in user.text
    operators.compute_signatures(dataset)
    user.change("target_count", 20)
    assert "missing_notice" not in user.layout
    assert "The dataset has changed since this run" in user.text


def test_deleted_samples_are_noticed_by_any_click(dataset, operators, open_panel) -> None:
    """What is shown as kept is never what the run did not keep, without a word."""
    operators.downsample(dataset, 20)
    user = open_panel(dataset)
    dataset.delete_samples(dataset.match_tags("smartdownsample").limit(5).values("id"))
    user.do("show_kept")
    assert "The dataset has changed since this run" in user.text
    assert "of 75 images" in user.text


def test_a_fraction_is_refused(dataset, open_panel) -> None:
    """As the form refuses it."""
    user = open_panel(dataset)
    user.change("target_count", 2.5)
    assert "must be a whole number" in user.text
    user.change("target_count", 3.0)
    assert "chart" in user.layout


def test_unreadable_images_are_not_missing_signatures(make_dataset, images, operators, open_panel):
    """An image that was tried and could not be read is not asked for again."""
    dataset = make_dataset([*images[:10], "/nowhere/lost.jpg"])
    operators.compute_signatures(dataset)
    user = open_panel(dataset)
    assert "missing_notice" not in user.layout
    assert "of 10 images" in user.text
    dataset.add_samples([fo.Sample(path) for path in images[10:13]])
    user.change("target_count", 14)
    assert "3 of 14 samples have no up-to-date signature" in user.text
    assert "exceeds the 10 readable images (1 could not be read), all" in user.text


def test_what_cannot_be_downsampled_is_refused(make_dataset, open_panel) -> None:
    """An empty dataset gets a reason instead of a chart."""
    user = open_panel(make_dataset())
    assert "chart" not in user.layout
    assert "there are no samples here" in user.text


def test_a_run_that_was_undone_leaves_a_proposal(dataset, operators, open_panel) -> None:
    """After an undo the panel keeps the settings, and offers to apply them."""
    operators.downsample(dataset, 33)
    user = open_panel(dataset)
    operators.delete_run(dataset, "smartdownsample", keep_signatures=True)
    user.do("after_undo")
    assert user.state["source"] == "dataset"
    assert "nothing is saved yet" in user.text
    assert user.settings["target_count"] == 33


def test_a_run_that_somebody_else_undid_is_said(dataset, operators, open_panel) -> None:
    """A handler that finds its run gone says so, and the panel stays as it is."""
    operators.downsample(dataset, 20, run_key="mine")
    operators.downsample(dataset, 20, run_key="theirs")
    user = open_panel(dataset)
    operators.delete_run(dataset, "mine")
    before = dict(user.state)
    user.choose("run:mine")
    notice = user.called("notify")
    assert notice["variant"] == "error"
    assert "no smartdownsample run 'mine'" in notice["message"]
    assert user.state == before


def test_it_answers_every_option_as_a_run_would(dataset, operators, open_panel) -> None:
    """Strategy and constraints are changed one by one; the run of all of them keeps the same."""
    dataset.limit(3).tag_samples("gold")
    dataset.set_values("camera", ["a", "b", "b", "c"] * 20)
    options = {
        "strategy": "diverse",
        "near_duplicates": 4,
        "leave_out_junk": True,
        "max_per_group": 12,  # of each bucket, and then of each camera
        "stratify_by": "camera",
        "balance": "0.5",
        "keep": "gold",
    }
    user = open_panel(dataset)
    user.change("target_count", 25)
    for name, value in options.items():
        user.change(name, value)
        assert "chart" in user.layout
    strata = user.table("strata")
    user.do("show_kept")
    would_keep = shown_ids(dataset, user)
    record = operators.downsample(dataset, 25, **options)
    assert would_keep == set(dataset.match_tags("smartdownsample").values("id"))
    assert [int(row["kept"]) for row in strata] == [row["kept"] for row in record["strata"]]
    again = open_panel(dataset)
    assert "saved as the run" in again.text
    assert again.settings["balance"] == "0.5"
    again.change("keep", "lost")
    assert "no tag and no saved view is named 'lost'" in again.text


def test_a_view_to_keep_may_change(dataset, open_panel) -> None:
    """Another content of the saved view is seen, though no sample has changed."""
    dataset.save_view("gold", dataset.limit(3))
    user = open_panel(dataset)
    user.change("target_count", 8)
    user.change("keep", "gold")
    for view in (dataset.limit(3), dataset.skip(75)):
        dataset.delete_saved_view("gold")
        dataset.save_view("gold", view)
        user.do("show_kept")
        assert set(view.values("id")) <= shown_ids(dataset, user)


def test_without_a_target_it_says_what_one_of_each_group_is(dataset, operators, open_panel) -> None:
    """The number may be empty, once near-duplicates are left out."""
    user = open_panel(dataset)
    user.change("target_count", None)
    assert "set how many images to keep" in user.text
    user.change("near_duplicates", 10)
    assert "chart" in user.layout
    kept = operators.downsample(dataset, near_duplicates=10)["kept"]
    assert f" {kept} of 80" in user.text


def test_ids_to_keep_are_shown_as_a_number(dataset, operators, open_panel, post) -> None:
    """A run with a view to keep can be opened, changed and applied."""
    choice = {"keep": dataset.limit(3), "stratify_by": "filepath", "balance": 0.12345678}
    operators.downsample(dataset, 20, **choice)
    user = open_panel(dataset)
    assert "saved as the run" in user.text
    assert user.settings["balance"] == "0.12345678"
    user.change("more", True)
    user.change("target_count", 30)
    assert " 30 of 80" in user.text
    user.do("apply")
    params = {**user.called("prompt_user_for_operation")["params"], "advanced": True}
    form = post("resolve-type", "downsample", dataset, params)["type"]["properties"]
    assert form["keep_ids"]["default"] == "Always keep: 3 samples chosen in Python."
    assert "Keeps 30 of 80" in form["forecast"]["default"]


def test_a_changed_run_can_be_applied_under_another_key(
    dataset, operators, open_panel, post
) -> None:
    """The tag that was the key's goes with the key; one that was given stays, and is refused."""
    operators.downsample(dataset, 20)
    user = open_panel(dataset)
    user.change("target_count", 10)
    user.do("apply")
    params = {**user.called("prompt_user_for_operation")["params"], "run_key": "other"}
    form = post("resolve-type", "downsample", dataset, params)["type"]["properties"]
    assert "the tag `other`" in form["forecast"]["default"]
    operators.downsample(dataset, 20, tag="mine")
    user = open_panel(dataset)
    user.do("apply")
    params = {**user.called("prompt_user_for_operation")["params"], "run_key": "other"}
    form = post("resolve-type", "downsample", dataset, params)["type"]["properties"]
    assert "tagged 'mine' already" in form["tag_error"]["error_message"]


def test_nothing_of_one_run_is_seen_in_another(dataset, operators, open_panel) -> None:
    """Runs of different samples and strategies, opened in turn, with settings unfolded."""
    settings = {"strategy": "diverse", "near_duplicates": 3, "stratify_by": "filepath"}
    some = operators.downsample(dataset.limit(24), 9, run_key="some", **settings)
    every = operators.downsample(dataset, 30, run_key="every")
    kept = {key: set(dataset.match_tags(key).values("id")) for key in ("some", "every")}
    user = open_panel(dataset)
    user.change("more", True)
    user.do("show_kept")
    for record in (some, every, some):
        user.change("target_count", 7)
        user.choose(f"run:{record['run_key']}")
        assert f"saved as the run `{record['run_key']}`" in user.text
        assert user.settings["target_count"] == user.settings["slider"] == record["kept"]
        assert user.settings["strategy"] == record["strategy"]
        if user.state["all_rows"] is False and len(record["buckets"]) > 10:
            user.do("fold_table")
        rows = [[row["id"], int(row["size"]), int(row["kept"])] for row in user.table("buckets")]
        assert rows == [[str(b["bucket"]), b["size"], b["kept"]] for b in record["buckets"]]
        assert user.chart[0]["y"] == [b["kept"] for b in record["buckets"]]
        assert ("strata" in user.layout) == (record is some)
        user.do("show_kept")
        assert shown_ids(dataset, user) == kept[record["run_key"]]


def test_the_grid_follows_what_is_kept(dataset, operators, open_panel) -> None:
    """Another number, or another run, while the grid shows what is kept; not another view."""
    operators.downsample(dataset, 20, run_key="a")
    operators.downsample(dataset.limit(40), 30, run_key="b")
    user = open_panel(dataset)
    user.do("show_kept")
    user.change("target_count", 12)
    assert len(shown_ids(dataset, user)) == 12
    user.choose("run:a")
    assert shown_ids(dataset, user) == set(dataset.match_tags("a").values("id"))
    user.do("show_excluded")
    user.change("target_count", 21)
    assert len(shown_ids(dataset, user)) == 59
    user.view = dataset.limit(3)._serialize()
    user.change("target_count", 22)
    assert "set_view" not in dict(user.calls)
    assert user.state["show"] is None


def test_the_filters_of_the_sidebar_are_part_of_the_view(dataset, open_panel) -> None:
    """They are taken along, and the grid goes on showing what it showed."""
    dataset.set_values("camera", ["a", "b", "b", "c"] * 20)
    user = open_panel(dataset)
    user.filters = {"camera": {"values": ["b"], "exclude": False, "isMatching": True}}
    user.do("take_view")
    assert "of 40 images" in user.text
    assert shown_ids(dataset, user) == set(dataset.match(F("camera") == "b").values("id"))
    user.do("show_kept")
    assert shown_ids(dataset, user) < set(dataset.match(F("camera") == "b").values("id"))


def test_unreadable_images_are_said_and_shown(make_dataset, images, operators, open_panel) -> None:
    """They take no part, and a button shows them."""
    dataset = make_dataset([*images[:10], "/nowhere/lost.jpg", "/nowhere/too.jpg"])
    operators.compute_signatures(dataset)
    user = open_panel(dataset)
    assert "2 of 12 samples have an image that could not be read" in user.text
    assert "of 10 images" in user.text
    user.do("show_unreadable")
    assert shown_ids(dataset, user) == set(dataset[10:].values("id"))
    user.do("click_bar", id=user.chart[0]["ids"][0])
    assert len(shown_ids(dataset, user)) == int(user.table("buckets")[0]["size"])


def test_folders_that_go_without_are_said(make_dataset, images, tmp_path, open_panel, operators):
    """Of two folders of one image each none is kept, until every folder is to get its share."""
    for folder, some in (("a", images[:20]), ("b", images[60:61]), ("c", images[70:71])):
        (tmp_path / folder).mkdir()
        for path in some:
            shutil.copy(path, tmp_path / folder)
    dataset = make_dataset(sorted(map(str, tmp_path.glob("*/*.jpg"))))
    operators.compute_signatures(dataset)
    user = open_panel(dataset)
    user.change("strategy", "stride")  # the default keeps some of every folder
    user.change("target_count", 3)
    assert "2 of 3 folders have no kept image: b, c." in user.text
    user.do("stratify_by", field="folder")
    assert "folders have no kept image" not in user.text
    assert {row["name"]: row["kept"] for row in user.table("strata")} == dict.fromkeys("abc", "1")
    record = operators.downsample(dataset, 3, stratify_by="folder")
    assert [row["name"] for row in record["strata"]] == ["a", "b", "c"]
    assert "saved as the run" in open_panel(dataset).text


def test_labels_that_go_without_are_said(dataset, operators, open_panel) -> None:
    """Of fields that may group the samples, each by one press; not of others."""
    cameras = ["a"] * 77 + ["b", "c", None]
    dataset.set_values("camera", cameras)
    dataset.set_values("same", [f"the {camera}" for camera in cameras])
    dataset.set_values("name", [str(number) for number in range(80)])
    dataset.set_values(
        "kind", [fo.Classification(label="fox")] * 79 + [fo.Classification(label="owl")]
    )
    user = open_panel(dataset)
    user.change("strategy", "stride")
    user.change("target_count", 4)
    operators.downsample(dataset, 4, strategy="stride", run_key="plain")
    tagged = dataset.match_tags("plain")
    for field, every in (("camera", {"a", "b", "c"}), ("kind.label", {"fox", "owl"})):
        missing = sorted(every - set(tagged.distinct(field)))
        assert f"{len(missing)} of {len(every)} values of {field} ha" in user.text
        assert f"no kept image: {', '.join(missing)}." in user.text
    assert "same" not in user.text
    assert "values of name" not in user.text
    user.do("stratify_by", field="camera")
    assert "no kept image" not in user.text.partition("Click a bar")[0].replace(
        "buckets have no", ""
    )
    assert user.settings["stratify_by"] == "camera"


def test_a_problem_leaves_the_chart_where_it_is(dataset, operators, open_panel) -> None:
    """It shows the sizes of the buckets, and nothing of an answer; Apply has nothing to apply."""
    operators.downsample(dataset, 20)
    user = open_panel(dataset)
    sizes = [bar["y"] for bar in user.chart]
    places = list(user.layout)[: list(user.layout).index("chart") + 1]
    assert user.layout["actions"]["type"]["properties"]["apply"]["view"]["disabled"]
    user.change("target_count", 81)
    assert list(user.layout)[: list(user.layout).index("chart") + 1] == places
    assert [bar["y"] for bar in user.chart] == [[sum(both) for both in zip(*sizes, strict=True)]]
    assert "apply" not in user.layout["actions"]["type"]["properties"]
    assert "buckets" not in user.layout


def test_form_and_panel_forecast_the_same(dataset, open_panel, post) -> None:
    """The same sentence of what is kept, and the same warnings."""
    user = open_panel(dataset)
    for number, settings in ((3, {}), (9, {"strategy": "diverse", "near_duplicates": 12})):
        user.change("target_count", number)
        for name, value in settings.items():
            user.change(name, value)
        params = {"target_count": number, **settings}
        form = post("resolve-type", "downsample", dataset, params)["type"]["properties"]
        sentence, *warnings = form["forecast"]["default"].partition(" Writes")[0].split(". **")
        assert f"Would keep {sentence.removeprefix('Keeps ').removesuffix('.')}**" in user.text
        assert all(warning.rstrip("*.") in user.text for warning in warnings)


def test_the_selected_image_is_explained(dataset, operators, open_panel) -> None:
    """With one sample selected, the panel says why, shows it, and all that stand together."""
    record = operators.downsample(dataset, 10)
    dataset.reload()
    user = open_panel(dataset)
    assert "why" not in user.layout
    kept_by = dict(zip(*dataset.values(["id", "smartdownsample_kept_by"]), strict=True))
    left_out = next(one for one, other in kept_by.items() if one != other)
    kept = kept_by[left_out]
    together = {one for one, other in kept_by.items() if other == kept}
    user.selected = [left_out]
    user.do("on_change_selected")
    sample, other = dataset[left_out], dataset[kept]
    text = user.layout["why"]["default"]
    assert f"**{sample.filename}** (left) was left out. " in text
    assert sample.smartdownsample_reason == "represented"
    assert f"**{other.filename}** (right) was kept and stands for it" in text
    more = {0: "no others", 1: "1 other"}.get(len(together) - 2, f"{len(together) - 2} others")
    assert f"distance of {sample.smartdownsample_distance:.1f}, and for {more}." in text
    picture = re.search(r"\(data:image/webp;base64,([^)]*)\)", text)
    assert Image.open(io.BytesIO(base64.b64decode(picture[1]))).size == (386, 144)
    button = user.layout["represented"]["type"]["properties"]["show_represented"]["view"]
    assert button["label"] == f"Show all {len(together)} together"
    user.do("show_represented", **button["params"])
    assert shown_ids(dataset, user) == together
    user.selected = [kept]
    user.do("fold_table")  # whatever is pressed, it stays
    text = user.layout["why"]["default"]
    assert f"**{other.filename}** was kept, as number {other.smartdownsample_rank}. It" in text
    assert f"stands for {len(together) - 1} others." in text
    user.selected = [left_out, kept]
    user.do("on_change_selected")
    assert "why" not in user.layout
    assert record["kept"] == 10


def test_why_an_image_was_kept(dataset, operators, open_panel) -> None:
    """What it added to those before it, as the core has it, its camera and its bucket."""
    dataset.set_values("camera", ["north", "south"] * 40)
    operators.downsample(dataset, 30)
    dataset.reload()
    cameras, paths = dataset.values("camera"), dataset.values("filepath")
    choice = Choice(strategy="diverse", camera=cameras)
    selection = downsample(extract(paths), natural_order(paths), 30, choice=choice)
    added = selection.added
    user = open_panel(dataset)
    ids = dataset.values("id")
    assert selection.ranking is not None
    assert added is not None
    for place in (0, 1, 29):
        row = selection.ranking[place]
        user.selected = [ids[row]]
        user.do("on_change_selected")
        text = user.layout["why"]["default"]
        assert f"was kept, as number {place + 1}." in text
        said = f" It was at a distance of {added[row]:.1f} from those picked before it."
        assert (said in text) == (place > 0)
        bucket = dataset[ids[row]].smartdownsample_bucket
        assert text.endswith(f" Camera: {cameras[row]}; bucket: {bucket}.")
    user.change("target_count", 20)
    user.do("fold_table")  # of other settings, what the run has written is all that is known
    text = user.layout["why"]["default"]
    assert "from those picked before it" not in text
    assert f" Bucket: {bucket}." in text


def test_settings_are_explained_and_what_is_drawn_is_announced(dataset, operators, open_panel):
    """By the marks of their labels; and by a line, as drawings may be out of sight."""
    operators.downsample(dataset, 10)
    user = open_panel(dataset)

    def rows() -> dict[str, Any]:
        return user.layout["settings"]["type"]["properties"]

    assert "advanced options of the form" in rows()["more"]["view"]["description"]
    assert "drawn_line" not in rows()
    user.change("more", True)
    view = rows()["max_distance"]["view"]
    assert view["descriptionView"] == "tooltip"
    assert "no other image is farther than this from the kept ones" in view["description"]
    for name in ("curve", "quality"):
        user.change(name, True)
    assert (
        rows()["drawn_line"]["default"] == "Below the chart: How many are enough? · Image quality"
    )
    places = list(user.layout)
    assert places.index("chart") < places.index("curve") < places.index("sheet")


def test_a_run_is_edited_by_hand(dataset, operators, open_panel) -> None:
    """Numbers, sheet, curve, grid and record follow each press, and say what is by hand."""
    dataset.set_values("seconds", [100 * (number // 7) + number for number in range(80)])
    operators.downsample(dataset, 10, event_gap=50, time="seconds")
    dataset.reload()
    user = open_panel(dataset)
    user.change("curve", True)
    sheet, kept = (
        user.layout["sheet"]["default"],
        set(dataset.match_tags("smartdownsample").values("id")),
    )
    left_out = dataset.match_tags("smartdownsample", bool=False).first()
    standing = left_out.smartdownsample_kept_by
    user.selected = [left_out.id]
    user.do("on_change_selected")
    button = user.layout["represented"]["type"]["properties"]["show_event"]["view"]
    user.do("show_event", **button["params"])
    event = dataset.match(F("smartdownsample_event") == left_out.smartdownsample_event)
    assert shown_ids(dataset, user) == set(event.values("id"))
    user.do("show_kept")

    def press(label: str) -> None:
        buttons = user.layout["by_hand"]["type"]["properties"].values()
        (params,) = (one["view"]["params"] for one in buttons if one["view"]["label"] == label)
        user.do("edit_by_hand", **params)

    press("Swap: keep this one instead")
    assert "**Kept 10 of 80 images" in user.text
    assert "chosen by the run: 10, added by hand: 1, left out by hand: 1" in user.text
    assert "was kept, as number" in user.layout["why"]["default"]
    begun, done = user.notices
    assert begun == "Changing the run 'smartdownsample' ..."
    assert "Another kept image now stands for" in done
    assert shown_ids(dataset, user) == kept - {standing} | {left_out.id}
    assert user.layout["sheet"]["default"] != sheet
    assert "with the hand edits, the farthest image left out is at" in user.text
    assert "The dataset has changed" not in user.text
    user.selected = [standing]
    user.do("on_change_selected")
    assert "was left out: left out by hand" in user.layout["why"]["default"]
    press("Keep")
    assert "**Kept 11 of 80 images" in user.text
    assert sum(map(int, (row["kept"] for row in user.table("buckets")))) <= 11
    assert sum(user.chart[0]["y"]) == 11
    press("Never keep")
    assert "**Kept 10 of 80 images" in user.text
    for _ in range(3):
        user.do("take_back")
    assert user.layout["sheet"]["default"] == sheet
    assert "by hand" not in user.text
    assert "take_back" not in user.layout["actions"]["type"]["properties"]
    assert shown_ids(dataset, user) == kept


def test_what_a_run_does_not_say_is_not_explained(
    make_dataset, images, operators, open_panel
) -> None:
    """Neither without a run, nor by a run without explanations, nor of samples that it lacks."""
    dataset = make_dataset([*images[:20], "/nowhere/lost.jpg"])
    operators.compute_signatures(dataset)
    user = open_panel(dataset)
    user.selected = [dataset.first().id]
    user.do("on_change_selected")
    assert "why" not in user.layout
    operators.downsample(dataset, 5, explain=False)
    dataset.reload()
    user.choose("run:smartdownsample")
    assert "why" not in user.layout
    operators.downsample(dataset.skip(1), 5)
    dataset.reload()
    user.choose("run:smartdownsample")
    assert "why" not in user.layout
    user.selected = [dataset.last().id]
    user.do("on_change_selected")
    assert "**lost.jpg** was left out: unreadable" in user.layout["why"]["default"]
    assert "represented" not in user.layout


def test_a_state_that_is_out_of_date_draws_nothing(dataset, open_panel) -> None:
    """At the end of a run the App clears the selection, before it has heard of the new state."""
    user = open_panel(dataset)
    before = copy.deepcopy(user.state)
    user.change("target_count", 5)
    after = copy.deepcopy(user.state)
    user.state = before
    user.do("on_change_selected")
    assert user.calls == []
    user.state = after
    user.do("on_change_selected")
    assert "show_panel_output" in dict(user.calls)
