"""Line charts: every point inside the frame, whatever the values."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from experiments.charts.line_chart import HEIGHT_PX, WIDTH_PX, Axis, line_chart

SVG = "{http://www.w3.org/2000/svg}"
VALUES = st.floats(min_value=-1e9, max_value=1e9, allow_nan=False, allow_subnormal=False)


@given(st.lists(st.tuples(VALUES, VALUES), max_size=8), st.booleans(), st.booleans())
def test_every_point_drawn_lies_on_the_picture(points: list[tuple[float, float]], x_log: bool, y_log: bool) -> None:
    svg = ElementTree.fromstring(line_chart("a & b", Axis("x", log=x_log), Axis("y", log=y_log), {"<one>": points}))
    dots = svg.findall(f"{SVG}circle")
    assert len(dots) == sum((a > 0 or not x_log) and (b > 0 or not y_log) for a, b in points)
    for dot in dots:
        assert 0 <= float(dot.attrib["cx"]) <= WIDTH_PX
        assert 0 <= float(dot.attrib["cy"]) <= HEIGHT_PX


def test_a_logarithmic_axis_has_a_tick_for_each_power_of_ten() -> None:
    svg = ElementTree.fromstring(line_chart("t", Axis("x"), Axis("y", log=True), {"a": [(1, 3), (2, 4000)]}))
    texts = [text.text for text in svg.findall(f"{SVG}text")]
    assert [text for text in ("1", "10", "100", "1,000", "10,000") if text not in texts] == []
