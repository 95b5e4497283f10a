"""A folder of pictures, and a table of them, are datasets; what is wrong with them is one line."""

import io
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ninetynine import datasets, suite
from ninetynine.datasets import decoding, own
from ninetynine.errors import UserError
from ninetynine.request import RunRequest
from pictures import CLASSES, draw, write_folder, write_table
from PIL import Image

ROTATED = 0x0112, 6  # EXIF: the first row is the right side


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "ninetynine" / "datasets"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "pets")


def complaint(name: object) -> str:
    with pytest.raises(UserError) as refused:
        datasets.load(str(name))
    assert "\n" not in str(refused.value)
    return str(refused.value)


class TestFolder:
    def test_its_folders_are_parts_and_classes(self, folder: Path) -> None:
        loaded = datasets.load(str(folder))
        assert loaded.name == datasets.row_name_of(str(folder)) == "pets"
        assert loaded.train_images.shape == (15, 12, 10, 3)
        assert loaded.test_images.shape == (6, 12, 10, 3)
        assert loaded.class_names == CLASSES
        assert loaded.test_labels.tolist() == [0, 0, 1, 1, 2, 2]  # in the order of the paths
        brightest = loaded.train_images.mean(axis=(1, 2)).argmax(axis=1)
        assert (brightest == loaded.train_labels).all()

    def test_training_pictures_are_mixed_and_stay_in_place_when_one_is_added(
        self, folder: Path
    ) -> None:
        before = datasets.load(str(folder))
        assert (np.diff(before.train_labels) < 0).any()
        draw(folder / "train" / "dog" / "new.png", 1, 99)
        after = datasets.load(str(folder))
        kept = [image.tobytes() for image in before.train_images]
        assert [i.tobytes() for i in after.train_images if i.tobytes() in kept] == kept

    @pytest.mark.parametrize("name", ["val", "Valid", "validation"])
    def test_a_validation_part_has_any_of_three_names(self, folder: Path, name: str) -> None:
        shutil.copytree(folder / "test", folder / name)
        assert datasets.load(str(folder)).parts["validation"][0].shape == (6, 12, 10, 3)

    def test_a_test_part_is_split_off_where_there_are_classes_alone(self, folder: Path) -> None:
        classes = folder / "train"
        assert "no test part" in complaint(classes)
        loaded = datasets.load(f"{classes}?test_split=0.2")
        assert np.bincount(loaded.test_labels).tolist() == [1, 1, 1]
        other = datasets.load(f"{classes}?test_split=0.2&split_seed=1")
        assert loaded.fingerprint != other.fingerprint
        assert "test part of its own" in complaint(f"{folder}?test_split=0.2")

    def test_a_class_may_be_called_like_a_part(self, tmp_path: Path) -> None:
        for label, name in enumerate(("bus", "train", "tram")):
            for number in range(4):
                draw(tmp_path / "rail" / name / f"{number}.png", label, number)
        loaded = datasets.load(f"{tmp_path / 'rail'}?test_split=0.25")
        assert loaded.class_names == ("bus", "train", "tram")

    def test_folders_below_a_class_are_groups_where_that_is_told(self, tmp_path: Path) -> None:
        for part, people in (("train", "abcd"), ("test", "ef")):
            for label, name in enumerate(CLASSES):
                for number, person in enumerate(people):
                    draw(tmp_path / "scans" / part / name / person / "0.png", label, number)
        loaded = datasets.load(f"{tmp_path / 'scans'}?groups=folder")
        groups = (loaded.train_groups, loaded.test_groups)
        assert [str(found) for found in groups] == ["4 groups", "2 groups"]
        assert datasets.load(str(tmp_path / "scans")).train_groups is None
        draw(tmp_path / "scans" / "train" / "cat" / "alone.png", 0, 9)
        assert "lies in no group's folder" in complaint(f"{tmp_path / 'scans'}?groups=folder")

    def test_hidden_and_other_files_are_passed_over(self, folder: Path) -> None:
        plain = datasets.load(str(folder)).fingerprint
        (folder / "train" / ".DS_Store").write_bytes(b"x")
        (folder / "train" / "cat" / "._0.png").write_bytes(b"x")
        (folder / "train" / ".ipynb_checkpoints").mkdir()
        (folder / "train" / "cat" / "README.txt").write_text("x")
        draw(folder / "train" / "cat" / "@eaDir" / "0.png" / "small.png", 0, 9)
        assert datasets.load(str(folder)).fingerprint == plain

    def test_other_files_in_a_class_s_folder_are_counted(self, folder: Path) -> None:
        before = datasets.load(str(folder))
        for name in ("a.jpg.part", "b.part", "notes", ".DS_Store", "c.d\n"):
            (folder / "train" / "cat" / name).write_text("")
        after = datasets.load(str(folder))
        assert after.fingerprint == before.fingerprint
        said = "passed over as no pictures, by their endings: 1 .d\\n, 2 .part, 1 without one"
        assert said in after.notes
        assert said not in before.notes

    def test_endings_may_be_large_and_content_another_format_s(self, folder: Path) -> None:
        plain = datasets.load(str(folder)).fingerprint
        path = folder / "test" / "cat" / "0.png"
        path.rename(path.with_name("0.JPG"))
        assert datasets.load(str(folder)).fingerprint == plain

    def test_a_link_to_a_folder_is_followed_but_not_in_a_circle(self, folder: Path) -> None:
        plain = datasets.load(str(folder)).fingerprint
        (folder / "test" / "cat").rename(folder.parent / "cats")
        (folder / "test" / "cat").symlink_to(folder.parent / "cats")
        assert datasets.load(str(folder)).fingerprint == plain
        (folder / "train" / "dog" / "again").symlink_to(folder / "train" / "dog")
        assert "read already" in complaint(folder)


class TestDecoding:
    @pytest.mark.parametrize(
        ("size", "shape"), [("8", (8, 8)), ("8x6", (8, 6)), ("16x224", (16, 224))]
    )
    def test_pictures_of_any_size_are_stretched_to_one(
        self, folder: Path, size: str, shape: tuple[int, int]
    ) -> None:
        draw(folder / "train" / "cat" / "wide.png", 0, 9, (10, 40))
        assert "2 sizes, from 12 x 10" in complaint(folder)
        loaded = datasets.load(f"{folder}?image_size={size}")
        assert loaded.train_images.shape[1:3] == shape

    def test_color_is_judged_and_told(self, folder: Path) -> None:
        for path in folder.rglob("*.png"):
            Image.open(path).convert("L").save(path)
        assert datasets.load(str(folder)).train_images.shape[-1] == 1
        assert datasets.load(f"{folder}?color=rgb").train_images.shape[-1] == 3
        draw(folder / "train" / "cat" / "color.png", 0, 9)
        mixed = datasets.load(str(folder))
        assert mixed.train_images.shape[-1] == 3
        assert any("color: rgb, as 1 of 22 pictures are" in note for note in mixed.notes)

    @pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "BMP"])
    def test_each_format_is_read(self, format_: str) -> None:
        content = io.BytesIO()
        Image.new("RGB", (6, 4), (200, 100, 50)).save(content, format_)
        pixels, done = decoding.decode(content.getvalue(), (4, 6), 3)
        assert pixels.shape == (4, 6, 3)
        assert np.abs(pixels.astype(int) - (200, 100, 50)).max() < 6
        assert not done

    def test_a_picture_that_lies_on_its_side_is_turned_upright(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[ROTATED[0]] = ROTATED[1]
        picture = Image.new("L", (6, 4), 0)
        picture.paste(255, (0, 0, 6, 1))  # the first row, which is meant to be the right side
        picture.save(tmp_path / "a.png", exif=exif)
        pixels, done = decoding.decode(tmp_path / "a.png", (6, 4), 1)
        assert (pixels[..., 0] == [[0, 0, 0, 255]] * 6).all()
        assert done == ("turned upright, as the EXIF says",)
        header = decoding._read_header(decoding.Picture("a", tmp_path / "a.png"))
        assert header.size == (6, 4)

    @pytest.mark.parametrize("mode", ["I;16", "RGBA", "LA", "P", "CMYK", "1"])
    def test_each_mode_keeps_what_is_seen(self, mode: str) -> None:
        bright: Any = {"I;16": 60_000, "CMYK": (0, 0, 0, 20), "1": 1, "P": 235, "LA": (235, 255)}
        picture = Image.new(mode, (4, 4), bright.get(mode, (235, 235, 235, 255)))
        if mode == "P":
            picture.putpalette([value for value in range(256) for _ in range(3)])
        content = io.BytesIO()
        picture.save(content, "JPEG" if mode == "CMYK" else "PNG")
        for channels in (1, 3):
            pixels, _ = decoding.decode(content.getvalue(), (4, 4), channels)
            assert pixels.min() >= 230

    def test_what_loses_all_of_its_16_bits_is_told(self, folder: Path) -> None:
        small = np.arange(120, dtype=np.uint16).reshape(12, 10)
        Image.fromarray(small).save(folder / "train" / "cat" / "0.png")
        notes = datasets.load(str(folder)).notes
        said = "1 of 21 pictures: black now, being of 16 bits with values below 256: save 8 bits"
        assert said in notes

    def test_what_is_transparent_lies_on_white(self) -> None:
        content = io.BytesIO()
        Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(content, "PNG")
        pixels, done = decoding.decode(content.getvalue(), (4, 4), 3)
        assert (pixels == 255).all()
        assert done == ("transparent, and laid on white",)

    def test_damaged_exif_does_not_matter(
        self, folder: Path, recwarn: pytest.WarningsRecorder
    ) -> None:
        path = folder / "train" / "cat" / "0.png"
        Image.open(path).save(path, "JPEG", exif=b"Exif\0\0MM\0*\0\0\xff\xff")
        assert len(datasets.load(str(folder)).train_images) == 15
        assert not recwarn.list

    def test_an_animated_picture_is_refused(self, folder: Path) -> None:
        frames = [Image.new("RGB", (10, 12), color) for color in ("red", "blue")]
        path = folder / "train" / "cat" / "0.png"
        frames[0].save(path, save_all=True, append_images=frames[1:])
        assert f"{path}: a picture that cannot be read (animated, 2 frames" in complaint(folder)

    def test_a_bomb_is_refused_by_its_header(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
    ) -> None:
        monkeypatch.setattr(decoding, "LARGEST_PICTURE", 119)
        assert "120 pixels; at most 119); nor can 20 others" in complaint(folder)
        monkeypatch.undo()
        monkeypatch.setattr(decoding, "MOST_BYTES", 100)
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent / "cache"))
        assert "give a smaller --image-size" in complaint(folder)
        assert not recwarn.list


class TestMistakes:
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (lambda p: (p / "train/cat/0.png").write_bytes(b"x"), "train/cat/0.png: a picture th"),
            (lambda p: (p / "train/cat/0.png").write_bytes(b""), "train/cat/0.png: a picture that"),
            (
                lambda p: (p / "test/cat").rename(p / "test/cow"),
                "class 'cow' of a test picture has",
            ),
            (lambda p: (p / "train/cow").mkdir(), "train/cow: no pictures in this class's folder"),
            (lambda p: shutil.rmtree(p / "train"), "test without train"),
            (
                lambda p: shutil.rmtree(p / "test"),
                "no test part; expected one, or --test-split 0.2",
            ),
            (lambda p: draw(p / "train/0.png", 0, 0), "train/0.png: lies in no class's folder"),
            (lambda p: draw(p / "train/cat/0.gif", 0, 0), "0.gif: .gif is not read; expected PNG"),
            (lambda p: draw(p / "train/cat/0.tif", 0, 0), "0.tif: .tif is not read; expected PNG"),
            (
                lambda p: shutil.copytree(p / "test", p / "testing"),
                "both test and testing would be",
            ),
            (lambda p: (p / "train/cat/l.png").symlink_to("l.png"), "cat/l.png: a picture that ca"),
            (lambda p: (p / "train/cat/l.png").symlink_to("/dev/zero"), "(not a regular file)"),
            (
                lambda p: (p / "train/cat").rename(p / "train/c\nat"),
                "class 'cat' of a test picture",
            ),
            (lambda p: os.mkfifo(p / "train/cat/pipe.png"), "pipe.png: a picture that cannot be r"),
        ],
    )
    def test_is_one_line_that_names_the_file(self, folder: Path, change: Any, said: str) -> None:
        change(folder)
        assert said in complaint(folder)

    def test_folders_laid_out_otherwise_are_told_what_is_meant(self, tmp_path: Path) -> None:
        write_folder(tmp_path / "wrapped" / "pets")
        assert "pets is the only folder in it (it has the parts: name " in complaint(
            f"{tmp_path}/wrapped?test_split=0.2"
        )
        draw(tmp_path / "deep/train/images/cat/0.png", 0, 0)
        draw(tmp_path / "deep/train/images/dog/0.png", 1, 0)
        assert "images is the only folder in it (in it are cat, dog: are" in complaint(
            tmp_path / "deep"
        )
        for part in ("train", "test"):
            draw(tmp_path / "loose" / part / "cat.0.png", 0, 0)
            draw(tmp_path / "inside" / "cat" / part / "0.png", 0, 0)
            draw(tmp_path / "inside" / "dog" / part / "0.png", 0, 0)
        assert "in test, train there are no folders of classes" in complaint(
            f"{tmp_path}/loose?test_split=0.5"
        )
        found = complaint(tmp_path / "inside")
        assert "no test part (not read as parts: test, train in a class's folder)" in found

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ("image_size=big", "image_size is 'big'; expected pixels such as 64"),
            ("image_size=0", "image_size is '0'"),
            ("image_size=99999", "at most 4,096 each"),
            ("color=gray", "color is 'gray'; expected rgb or grey"),
            ("test_split=20", "test_split is '20'; expected a share above 0 and below 1"),
            ("split_seed=-1", "split_seed is '-1'; expected a whole number"),
            ("groups=writer", "groups is 'writer'; of a folder of pictures expected 'folder'"),
            ("channels=first", "channels is not for a folder that has train/ and test/"),
            ("size=3", "unknown option 'size'; did you mean 'image_size'?"),
            ("color=rgb&color=grey", "an option is told twice"),
        ],
    )
    def test_in_an_option_is_one_line(self, folder: Path, options: str, said: str) -> None:
        assert said in complaint(f"{folder}?{options}")

    def test_a_folder_that_is_none(self, tmp_path: Path) -> None:
        assert "pictures: no such file or folder; expected" in complaint("pictures?image_size=8")
        assert "petz: no such file or folder; expected a folder" in complaint(tmp_path / "petz")
        (tmp_path / "empty").mkdir()
        assert "no folders in it; expected one for each class" in complaint(tmp_path / "empty")

    def test_a_file_of_no_kind_is_not_called_an_unknown_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "pets.zip").write_bytes(b"PK")
        assert complaint("pets.zip").startswith("pets.zip: a file of no kind that is read; expec")

    def test_a_known_dataset_is_read_as_it_is_and_its_name_is_taken(self, tmp_path: Path) -> None:
        assert "leave out image_size" in complaint("digits?image_size=4")
        assert "cannot be called 'mnist'" in complaint(write_folder(tmp_path / "mnist"))


class TestTable:
    HEADING = "path,label,split,group"
    ROWS = ("0.png,a,train,x", "1.png,b,train,y", "2.png,a,train,y", "3.png,b,train,x")
    TEST = ("4.png,a,test,z", "5.png,b,testing,w")

    def table(self, folder: Path, *lines: str, heading: str = HEADING) -> Path:
        return write_table(folder, [heading, *lines])

    def test_lists_pictures_with_their_part_and_group(self, tmp_path: Path) -> None:
        loaded = datasets.load(str(self.table(tmp_path, *self.ROWS, "", *self.TEST)))
        assert loaded.name == "pictures"
        assert loaded.train_labels.tolist() == [0, 1, 0, 1]  # in the order of the table
        assert loaded.train_groups is not None
        assert loaded.train_groups.codes.tolist() == [0, 1, 1, 0]
        assert loaded.test_labels.tolist() == [0, 1]

    def test_is_split_by_whole_groups(self, tmp_path: Path) -> None:
        lines = [f"{n % 6}.png,{'ab'[n % 2]},{n // 2}" for n in range(12)]
        path = self.table(tmp_path, *lines, heading="path,label,patient")
        loaded = datasets.load(f"{path}?test_split=0.4&groups=patient")
        assert loaded.test_labels.tolist() == [0, 1, 0, 1]
        assert [str(g) for g in (loaded.train_groups, loaded.test_groups)] == [
            "4 groups",
            "2 groups",
        ]
        assert "no column 'nurse'" in complaint(f"{path}?test_split=0.3&groups=nurse")

    def test_columns_are_found_in_any_letters_and_others_are_named(self, tmp_path: Path) -> None:
        path = self.table(tmp_path, *self.ROWS, *self.TEST, heading="Path,Label,SPLIT,Group")
        loaded = datasets.load(str(path))
        assert (len(loaded.test_labels), str(loaded.train_groups)) == (2, "2 groups")
        path = self.table(tmp_path, *self.ROWS, *self.TEST, heading="path,label,split,Nurse")
        loaded = datasets.load(str(path))
        assert loaded.train_groups is None
        assert "columns that were not read: Nurse" in loaded.notes
        assert datasets.load(f"{path}?groups=nurse").train_groups is not None
        path = self.table(tmp_path, *self.ROWS, heading="path,label,subset,group")
        assert "no test part (columns that were not read: subset); expected" in complaint(path)

    @pytest.mark.parametrize(
        ("heading", "line", "said"),
        [
            ("file,label", "0.png,a", "no column 'path' in its first line (found 'file', 'label')"),
            ("path,path,label", "0.png,0.png,a", "two columns are called 'path'"),
            (HEADING, "nix.png,a,train,x", "line 6: no such file 'nix.png'; paths count from"),
            (HEADING, "x\\0.png,a,train,x", "paths count from"),
            (HEADING, "0.png,a,trian,x", "line 6: split is 'trian'; expected train, test or valid"),
            (HEADING, "0.png,,train,x", "line 6: no label; expected one in each line"),
            (HEADING, "0.png,a", "line 6: 2 values under 4 columns"),
            (HEADING, '0.png,"a,train,x\n1.png,a,train,x', "line 6: 2 values under 4 columns"),
            (
                "path,label",
                '0.png,"a\n1.png,b',
                "line 2: 2 values under 2 columns; expected as man",
            ),
            (HEADING, "0.png,c,test,x", "line 6: class 'c' of a test picture has no training"),
        ],
    )
    def test_a_mistake_names_its_line(
        self, tmp_path: Path, heading: str, line: str, said: str
    ) -> None:
        rows = self.ROWS if heading == self.HEADING else ()
        assert said in complaint(self.table(tmp_path, *rows, line, heading=heading))

    def test_an_empty_or_binary_table_is_one_line(self, tmp_path: Path) -> None:
        assert "no pictures in it" in complaint(self.table(tmp_path))
        (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
        assert "not UTF-8 text" in complaint(tmp_path / "b.csv")
        assert "no such file; expected a .csv file" in complaint(tmp_path / "c.csv")


class TestKept:
    def test_what_was_read_from_another_folder_is_called_as_it_is_named(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for here, name in ((folder.parent, "pets"), (folder, "../pets"), (Path("/"), str(folder))):
            monkeypatch.chdir(here)
            assert datasets.load(name).where == name

    def test_pictures_are_read_once(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        first = datasets.load(str(folder))
        monkeypatch.setattr(decoding, "decode", None)
        again = datasets.load(str(folder))
        assert (again.fingerprint, again.notes) == (first.fingerprint, first.notes)
        assert again.class_names == first.class_names
        monkeypatch.setattr(own, "_read_kept", None)
        assert datasets.fingerprint_of(str(folder)) == first.fingerprint

    def test_a_changed_file_is_noticed(self, folder: Path, cache: Path) -> None:
        before = datasets.load(str(folder)).fingerprint
        path = folder / "test" / "cat" / "0.png"
        times = path.stat().st_atime_ns, path.stat().st_mtime_ns
        draw(path, 2, 7)
        os.utime(path, ns=times)
        assert datasets.load(str(folder)).fingerprint != before
        assert len(list(cache.iterdir())) == 1  # the earlier state's arrays are gone

    def test_what_changes_while_it_is_read_is_refused(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        decode = decoding.decode

        def slow(*given: Any) -> Any:
            (folder / "train" / "cat" / "0.png").touch()
            return decode(*given)

        monkeypatch.setattr(decoding, "decode", slow)
        assert "the data changed while they were read" in complaint(folder)

    def test_arrays_are_found_by_their_fingerprint(self, folder: Path) -> None:
        loaded = datasets.load(str(folder))
        shutil.rmtree(folder)
        kept = datasets.kept("pets", loaded.fingerprint)
        assert kept is not None
        assert (kept.test_images == loaded.test_images).all()
        assert datasets.kept("pets", "0" * 64) is None

    def test_a_damaged_copy_is_read_anew(self, folder: Path, cache: Path) -> None:
        before = datasets.load(str(folder)).fingerprint
        (kept,) = cache.iterdir()
        kept.write_bytes(kept.read_bytes()[:-400])
        assert datasets.load(str(folder)).fingerprint == before

    def test_without_room_it_is_read_each_time(self, folder: Path, cache: Path) -> None:
        cache.parent.parent.mkdir()
        cache.parent.write_text("no folder")
        assert datasets.load(str(folder)).name == "pets"


class TestNames:
    def test_a_suite_s_table_and_the_command_s_options_are_one_name(self, tmp_path: Path) -> None:
        path = tmp_path / "own.toml"
        table = {"path": "a/pets", "image_size": 64, "test_split": 0.2, "color": "grey"}
        said = ", ".join(f"{key} = {json.dumps(value)}" for key, value in table.items())
        path.write_text(f'architectures = ["softmax_regression"]\ndataset = {{{said}}}\n')
        name = "a/pets?image_size=64&color=grey&test_split=0.2"
        # A path counts from the suite's file.
        assert suite.load(str(path)).dataset == f"{tmp_path}/{name}"
        chosen = RunRequest(suite=str(path), reading={"image_size": "32x16"}).select().suite
        assert chosen.dataset == f"{tmp_path}/{name.replace('64', '32x16')}"
        fold = datasets.with_options("a/pets-fold-1-of-3", {"image_size": 8})
        assert fold == "a/pets?image_size=8-fold-1-of-3"
        path.write_text(path.read_text().replace("64", "-64"))
        with pytest.raises(UserError, match="dataset: image_size is '-64'"):
            suite.load(str(path))

    def test_a_baseline_s_name_counts_from_its_project(self, folder: Path) -> None:
        root = folder.parent
        assert datasets.below(root, "pets?image_size=8") == f"{folder}?image_size=8"
        assert datasets.below(root, "digits") == "digits"
        assert datasets.below(root, "a/b.npz") == f"{root}/a/b.npz"
        gone = ["pets?image_size=8", "x/pets.v2", "y/pets.npz", "digits-fold-0-of-3", "z/p.csv"]
        assert [*map(datasets.called, gone)] == ["pets", "pets.v2", "pets", gone[3], "p"]

    def test_a_fold_of_a_folder_is_a_dataset(self, folder: Path) -> None:
        name = f"{folder}?image_size=8-fold-0-of-3"
        loaded = datasets.load(name)
        assert loaded.name == datasets.row_name_of(name) == "pets-fold-0-of-3"
        assert loaded.test_images.shape == (5, 8, 8, 3)
