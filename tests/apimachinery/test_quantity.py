"""Quantities are exact, round up, and have one canonical form."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slab.apimachinery.quantity import canonical, format_quantity, milli_value, parse_quantity, value


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0), ("1", 1), ("+1", 1), ("-1", -1), ("1.", 1), (".5", Fraction(1, 2)), ("100m", Fraction(1, 10)),
        ("1n", Fraction(1, 10**9)), ("1u", Fraction(1, 10**6)), ("1k", 1000), ("1Ki", 1024), ("1.5Gi", 3 * 2**29), ("1E", 10**18),
        ("1e3", 1000), ("1E3", 1000), ("1e-3", Fraction(1, 1000)), ("1Ei", 2**60),
    ],
)  # fmt: skip
def test_what_a_quantity_stands_for(text: str, number: Fraction) -> None:
    assert parse_quantity(text) == number


@pytest.mark.parametrize("text", ["", "x", "1 Ki", "1KI", "1ki", "1mi", "--1", "1e", "1.2.3", "Ki", "1K"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="quantities must match the regular expression"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0.5", "500m"), ("1000m", "1"), ("1024Ki", "1Mi"), ("1.5Gi", "1536Mi"), ("1500", "1500"), ("1000", "1k"), ("0", "0"),
        ("0.5Ki", "512"), ("1000Ki", "1000Ki"), ("2000000", "2M"), ("1e3", "1e3"), ("12e4", "120e3"), ("0.0000000001", "1n"),
        ("-500m", "-500m"), ("1048576", "1048576"),
    ],
)  # fmt: skip
def test_the_form_that_is_written_back(text: str, written: str) -> None:
    assert canonical(text) == written


def test_whole_and_thousandth_values_are_rounded_up() -> None:
    assert (value("1.1"), value("-1.1"), milli_value("1n"), milli_value("1.5")) == (2, -1, 1, 1500)


@given(st.integers(-(10**15), 10**15), st.booleans())
def test_a_canonical_form_is_the_same_number(number: int, binary: bool) -> None:
    assert parse_quantity(format_quantity(number, binary)) == number


@given(st.from_regex(r"[0-9]{1,4}(\.[0-9]{1,3})?(m|k|M|Ki|Mi|Gi)?", fullmatch=True))
def test_the_canonical_form_of_a_canonical_form_is_itself(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)
