"""The operator on patches, as a person uses it in a browser."""

from __future__ import annotations

import fiftyone as fo
from playwright.sync_api import expect


def test_patches_from_end_to_end(make_dataset, images, page, server, open_app) -> None:
    """Open a view of patches, read the forecast, execute, and see the crops that were kept."""
    boxes = ([0.1, 0.1, 0.4, 0.5], [0.4, 0.3, 0.5, 0.6])
    objects = make_dataset(
        [
            fo.Sample(
                path,
                animals=fo.Detections(
                    detections=[fo.Detection(label="deer", bounding_box=list(b)) for b in boxes]
                ),
            )
            for path in images[:20]
        ]
    )
    objects.save_view("deer", objects.to_patches("animals"))
    app = open_app(objects)
    page.goto(f"{server}/datasets/{objects.name}?view=deer", wait_until="domcontentloaded")
    expect(app.count).to_have_text("40 patches")
    app.run_operator("Smart downsample")
    app.keep(7, "Keeps 7 of 40 patches.", "Wrote the label tag")
    expect(app.count).to_have_text("7 patches")
    app.tiles.first.wait_for()
    objects.reload()
    assert objects.count_label_tags() == {"smartdownsample": 7}
