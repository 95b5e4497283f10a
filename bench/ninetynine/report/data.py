"""A dataset's description as lines of text, and a sheet of its images."""

import io
from collections.abc import Iterator, Sequence
from typing import Any

from tabulate import tabulate

from ninetynine.datasets import Dataset, DatasetInfo, Images
from ninetynine.datasets.picture import MAXIMUM_IMAGES, sample_indices, to_pillow
from ninetynine.errors import UserError, one_line
from ninetynine.report import formatting
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing.layout import fit, text_width

_MOST_CLASSES = 30  # in the text; --json has them all
_SIDE, _GAP, _MARGIN = 56.0, 6.0, 14.0  # CSS pixels; the first is an image's longer side
_LONGEST_NAME = 160.0
_FINE = 4  # pixels of the picture in one of these, at least


def listing_lines(infos: Sequence[DatasetInfo], ways: Sequence[str]) -> Iterator[str]:
    """Yield the known datasets, a row each, and the ``ways`` to name data of other kinds."""
    rows: list[dict[str, Any]] = [
        {
            "name": info.name,
            "images": " x ".join(map(str, info.image_shape)),
            "classes": f"{info.num_classes:,}",
            "train": f"{info.train_length:,}",
            "test": f"{info.test_length:,}",
            "where": "comes along" if info.embedded else "downloaded once",
        }
        for info in infos
    ]
    yield _table(rows)
    yield ""
    yield "other data, as bench data DATASET and --dataset take them:"
    yield from (f"  {way}" for way in ways)


def description_lines(summary: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that ``bench data`` prints of what `describe_dataset` returns."""
    for key in ("name", "description", "license", "source", "fingerprint"):
        if summary[key] is not None:
            yield one_line(f"{key}: {summary[key]}")
    _, height, width, channels = summary["arrays"]["x_train"]["shape"]
    kind = summary["arrays"]["x_train"]["dtype"]
    yield f"images: {height} x {width}, {formatting.count(channels, 'channel')}, {kind}"
    yield from ("", _parts(summary), "", *_classes(summary), "")
    yield from _balance(summary)
    yield from _groups(summary)
    if summary["doubtful_test_labels"]:
        yield f"doubtful labels: {summary['doubtful_test_labels']} of the test images (--json)"
    yield from _duplicates(summary["duplicates"])
    found = [f"{finding['level']}: {finding['message']}" for finding in summary["findings"]]
    if summary["notes"]:
        yield from ("notes:", *(f"  {one_line(line)}" for line in summary["notes"]))
    lines = [f"  {one_line(line)}" for line in found]  # folders may have any name
    yield from ("findings:", *lines) if found else ["findings: none"]


def _parts(summary: dict[str, Any]) -> str:
    arrays = summary["arrays"]
    rows = []
    for part, pixels in summary["pixels"].items():
        images = arrays[{"train": "x_train", "test": "x_test", "validation": "x_val"}[part]]
        rows.append(
            {
                "part": part,
                "images": f"{images['length']:,}",
                "lowest": images["minimum"],
                "highest": images["maximum"],
                "mean": _each(pixels["mean"]),
                "deviation": _each(pixels["standard_deviation"]),
            }
        )
    return _table(rows)


def _each(channels: list[float]) -> str:
    return ", ".join(f"{value:.3g}" for value in channels)


def _classes(summary: dict[str, Any]) -> Iterator[str]:
    names = summary["class_names"] or list(map(str, range(summary["num_classes"])))
    rows = []
    for label, name in enumerate(names[:_MOST_CLASSES]):
        row: dict[str, Any] = {"class": str(label)}
        if name != str(label):
            row["name"] = fit(name, _LONGEST_NAME * 2)
        for part, counts in summary["label_counts"].items():
            row[part] = f"{counts[label]:,}"
            row[f"% of {part}"] = formatting.percent(counts[label] / sum(counts), 1)
        rows.append(row)
    yield _table(rows)
    if len(names) > _MOST_CLASSES:
        yield f"and {len(names) - _MOST_CLASSES:,} more classes (--json)"


def _balance(summary: dict[str, Any]) -> Iterator[str]:
    names = summary["class_names"] or list(map(str, range(summary["num_classes"])))
    for part, found in summary["balance"].items():
        most = names[found["most_frequent"]]
        share, times = formatting.percent(found["share"], 1), found["times_the_rarest"]
        always = "; always to answer it is right as often" if part == "test" else ""
        yield (
            f"balance of {part}: the most frequent class, {most}, has {share}% of the images, "
            f"{times:.3g} times the rarest's{always}"
        )


def _groups(summary: dict[str, Any]) -> Iterator[str]:
    for part, sizes in summary["group_sizes"].items():
        yield (
            f"groups of {part}: {summary['groups'][part]} of {sizes['smallest']:,} to "
            f"{sizes['largest']:,} images, the median {sizes['median']:g}"
        )
    if summary["shared_groups"] is not None:
        yield f"groups in both parts: {summary['shared_groups']:,}"


def _duplicates(found: dict[str, Any]) -> Iterator[str]:
    yield (
        "duplicates: equal in all bytes, or near: pixels that correlate by "
        f"{found['near_correlation']:g} or more"
    )
    near = {(pair["part"], pair["other"]): pair for pair in found["near"]}
    rows = []
    for pair in found["exact"]:
        part, other = pair["part"], pair["other"]
        row = {"": f"{part} images in {other}" if part != other else f"within {part}"}
        row |= {"equal": f"{pair['images']:,}", "other label": f"{pair['with_another_label']:,}"}
        close = near.get((part, other))
        if close is not None:
            first = "{} and {}".format(*close["pairs"][0]) if close["pairs"] else ""
            row |= {"near": f"{close['images']:,}"}
            row |= {"another label": f"{close['with_another_label']:,}", "the first near": first}
        rows.append(row)
    yield from (f"  {line}" for line in _table(rows).splitlines())
    if found["near_reason"]:
        yield f"  near: {found['near_reason']}"


def _table(rows: list[dict[str, Any]]) -> str:
    """Return a table whose first column is text; the others' texts are set to the right."""
    aligned = [
        "left" if name in ("", "part", "class", "name", "where") else "right" for name in rows[0]
    ]
    return str(
        tabulate(rows, headers="keys", tablefmt="simple", colalign=aligned, disable_numparse=True)
    )


def sample_sheet(dataset: Dataset, per_class: int, seed: int) -> el.Drawing:
    """Return a drawing of training images: a row a class, ``per_class`` images in each.

    Raises UserError where these are over `MAXIMUM_IMAGES`.
    """
    labels = dataset.train_labels
    chosen = sample_indices(labels, per_class, seed)
    if len(chosen) > MAXIMUM_IMAGES:
        raise UserError(
            f"--per-class {per_class}: a picture of {len(chosen):,} images of "
            f"{dataset.num_classes} classes; at most {MAXIMUM_IMAGES:,} fit"
        )
    names = [
        fit(name, _LONGEST_NAME)
        for name in dataset.class_names or map(str, range(dataset.num_classes))
    ]
    height, width = dataset.train_images.shape[1:3]
    scale = _SIDE / max(height, width)
    high, wide = height * scale, width * scale
    left = _MARGIN + max(map(text_width, names)) + 8
    top = _MARGIN + 26
    marks: list[el.Element] = [el.Text(_MARGIN, _MARGIN + 13, _title(dataset, per_class), "title")]
    line = high + _GAP
    for row, name in enumerate(names):
        y = top + row * line
        marks.append(el.Text(left - 8, y + high / 2 + 4, name, "row-name", el.END))
        for column, index in enumerate(chosen[labels[chosen] == row].tolist()):
            x = left + column * (wide + _GAP)
            png = _png(dataset.train_images[index : index + 1])
            picture = el.Image(x, y, wide, high, png)
            marks.append(el.mark(picture, label=f"training image {index}, {name}"))
    room = max(left + per_class * (wide + _GAP), text_width(_title(dataset, per_class), 14)) + 8
    label = f"{_title(dataset, per_class)}, with their labels"
    return el.Drawing(marks, room + _MARGIN, top + len(names) * line + _MARGIN, label)


def _title(dataset: Dataset, per_class: int) -> str:
    return f"{dataset.name}: {formatting.count(per_class, 'training image')} of each class"


def _png(images: Images) -> bytes:
    """Return one image as PNG, in squares of whole pixels where it is small."""
    from PIL.Image import Resampling

    picture = to_pillow(images[0])
    longest = int(_SIDE * _FINE)
    if max(picture.size) > longest:
        picture.thumbnail((longest, longest))
    else:
        times = longest // max(picture.size)
        size = (picture.width * times, picture.height * times)
        picture = picture.resize(size, Resampling.NEAREST)
    out = io.BytesIO()
    picture.save(out, format="PNG", optimize=True)
    return out.getvalue()
