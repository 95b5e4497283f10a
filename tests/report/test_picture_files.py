"""The files that pictures are written to, and their styles."""

import io
from xml.etree import ElementTree

import pytest
from ninetynine.errors import UserError
from ninetynine.report import figures
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing.file_kinds import to_pdf, to_png
from ninetynine.report.drawing.matrix import Matrix, MatrixCell, matrix_drawing
from ninetynine.report.drawing.styles import style_of
from ninetynine.report.drawing.svg import file_svg, page_svg, sizes_svg
from picture_builders import KINDS, boards, draw
from record_builders import (
    make_claim,
)


@pytest.fixture(scope="module")
def claimed(three_models):
    claims = [make_claim(0.98), make_claim(0.991, id="T9")]
    return boards(three_models, "$good$", claims=claims)[0]


class TestFiles:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize(
        ("suffix", "start"), [(".svg", b"<?xml"), (".png", b"\x89PNG"), (".pdf", b"%PDF")]
    )
    def test_every_kind_is_drawn_in_every_format(self, kind, suffix, start, claimed, tmp_path):
        path = tmp_path / f"{kind}{suffix}"
        draw(kind, claimed, path)
        assert path.read_bytes().startswith(start)

    @pytest.mark.parametrize("kind", KINDS)
    def test_an_svg_is_whole_in_itself_and_says_what_it_is(self, kind, board, tmp_path):
        path = tmp_path / "picture.svg"
        draw(kind, board, path)
        root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
        title, style = root[0], next(e for e in root if e.tag.endswith("}style"))
        assert title.text.strip()
        used = {name for e in root.iter() for name in e.get("class", "").split()}
        styled = {name for name in used if style_of(name) != style_of("")}
        assert all(f".{name}{{" in style.text for name in styled)
        assert "var(" not in path.read_text(encoding="utf-8")
        width, height = float(root.get("width")), float(root.get("height"))
        assert root.get("viewBox") == f"0 0 {width:.10g} {height:.10g}"

    @pytest.mark.parametrize("suffix", [".svg", ".pdf", ".png"])
    def test_the_same_records_give_the_same_bytes(self, suffix, board, tmp_path):
        for name in ("one", "two"):
            draw("cost", board, tmp_path / f"{name}{suffix}")
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()

    def test_a_png_has_two_pixels_for_each_of_the_drawing(self):
        from PIL import Image

        drawing = el.Drawing([el.Rect(10.0, 0.0, 10.0, 20.0, "claim")], 30.0, 20.0, "a bar")
        image = Image.open(io.BytesIO(to_png(drawing))).convert("RGB")
        assert image.size == (60, 40)
        assert image.getpixel((5, 20)) == (255, 255, 255)
        assert image.getpixel((20, 20)) != (255, 255, 255)

    def test_a_pdf_keeps_texts_and_their_signs(self):
        import pypdfium2

        text = "0.12 − 0.5 ± 0.1–0.3 × 4 …"
        drawing = el.Drawing([el.Text(5.0, 20.0, text, "mark-name")], 300.0, 40.0, "signs")
        page = pypdfium2.PdfDocument(to_pdf(drawing))[0]
        assert text in page.get_textpage().get_text_range()

    def test_what_a_group_shifts_and_colors_is_so_in_every_format(self):
        from PIL import Image

        dot = el.Circle(0.0, 0.0, 8.0, "bar")
        group = el.Group([dot], "group-1", shift=(10.0, 30.0))
        drawing = el.Drawing([group], 40.0, 40.0, "a dot")
        image = Image.open(io.BytesIO(to_png(drawing))).convert("RGB")
        red, green, _ = image.getpixel((20, 60))
        assert green > red + 50  # a teal, where the group was moved to
        assert image.getpixel((60, 20)) == (255, 255, 255)
        assert '<g class="group-1" transform="translate(10 30)">' in file_svg(drawing)
        assert ".group-1{color:#0f766e}" in file_svg(drawing)

    def test_texts_and_classes_are_escaped(self):
        parts = [el.Text(1.0, 2.0, "<b>&", 'x" onclick="y'), el.mark(label='"<i>', class_="<")]
        drawing = el.Drawing(parts, 9.0, 9.0, "<title>")
        for written in (page_svg(drawing), file_svg(drawing)):
            assert "<b>" not in written
            assert "<i>" not in written
            assert 'class="x&#34; onclick=&#34;y"' in written
            assert "&lt;title&gt;" in written

    def test_numbers_have_a_tenth_of_a_pixel_and_no_negative_zero(self):
        drawing = el.Drawing([el.Line(-0.04, 1234.56, 0.5, 1.0, "c")], 9.0, 9.0, "a line")
        assert '<line x1="0" y1="1234.6" x2="0.5" y2="1" class="c"/>' in file_svg(drawing)
        assert '<path d="M0 1234.6L0.5 1" class="c"/>' in page_svg(drawing)

    def test_on_the_page_lines_of_an_axis_are_one_path_and_a_mark_of_one_shape_is_that_shape(self):
        lines = [el.Line(0.0, y, 9.0, y, "grid") for y in (1.0, 2.0)]
        axis = el.Group([lines[0], el.Text(0.0, 5.0, "1", "tick"), lines[1]], hidden=True)
        dot = el.mark(el.Circle(1.0, 2.0, 3.0, "dot"), label="net", class_="family-1", row=4)
        written = page_svg(el.Drawing([axis, dot], 9.0, 9.0, "a dot"))
        assert '<g aria-hidden="true"><path d="M0 1H9M0 2H9" class="grid"/><text' in written
        said = 'class="mark family-1 dot" data-row="4" role="img" aria-label="net"'
        assert f'<circle cx="1" cy="2" r="3" {said}/></svg>' in written

    def test_at_other_widths_marks_say_nothing_unless_they_are_others(self):
        def drawing(*labels: str) -> el.Drawing:
            dots = [el.mark(el.Circle(1.0, 2.0, 3.0, "dot"), label=label) for label in labels]
            return el.Drawing([el.Group(dots)], 9.0, 9.0, "dots")

        wide, same, other = sizes_svg([drawing("a", "b"), drawing("a", "b"), drawing("a", "c")])
        said = ['aria-label="b"' in one or 'aria-label="c"' in one for one in (wide, same, other)]
        assert said == [True, False, True]

    def test_a_picture_of_another_format_is_refused(self, board, tmp_path):
        with pytest.raises(UserError, match=r"pictures are \.svg, \.png, \.pdf"):
            draw("seeds", board, tmp_path / "seeds.gif")

    def test_a_folder_that_is_not_there_is_told(self, board, tmp_path):
        with pytest.raises(UserError, match="cannot be written"):
            draw("seeds", board, tmp_path / "nowhere" / "seeds.svg")


class TestMatrices:
    @pytest.mark.parametrize(("room", "texts"), [(None, 4), (90.0, 4), (70.0, 0)])
    def test_a_narrow_one_has_small_numbers_or_none_at_all(self, room, texts):
        cells = tuple(tuple(MatrixCell(text) for text in ("+0.01", "0")) for _ in range(2))
        matrix = Matrix("m", ("a", "b"), ("c", "d"), cells, says="{row} less {column}: {text}")
        drawing = matrix_drawing(matrix, room)
        written = page_svg(drawing)
        assert written.count(">+0.01<") + written.count(">0<") == texts
        assert 'aria-label="b less d: 0"' in written


class TestStyles:
    def test_paper_has_no_background_and_the_width_of_a_column(self, board, tmp_path):
        path = tmp_path / "picture.svg"
        figures.draw("seeds", board, path, style="paper")
        paper = path.read_text(encoding="utf-8")
        assert 'width="336"' in paper
        assert 'fill="#fff' not in paper
        figures.draw("seeds", board, path, style="dark", width=800.0)
        dark = path.read_text(encoding="utf-8")
        assert 'width="800"' in dark
        assert 'fill="#1a1d21"' in dark

    def test_rows_are_chosen_by_name_glob_and_part_and_keep_their_color(self, board):
        for patterns, names in (
            (["fair,$good$"], ["$good$", "fair"]),
            (["*r"], ["fair", "poor"]),
            (["oo"], ["$good$", "poor"]),
            ([], ["$good$", "fair", "poor"]),
        ):
            assert [row.name for row in figures.select_rows(board, patterns).rows] == names
        with pytest.raises(UserError, match=r"--rows 'fare': no such row.*did you mean 'fair'"):
            figures.select_rows(board, ["fare"])
