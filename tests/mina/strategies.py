"""Random fields, scalars, points and keys, with the edges written out."""

from hypothesis import strategies as st

from mina.field import P, Q
from mina.keys import PrivateKey
from mina.multiply import scale_base
from mina.pallas import Point

FIELD_EDGES = [0, 1, 2, P - 2, P - 1]
SCALAR_EDGES = [0, 1, 2, P, Q - 2, Q - 1, (Q - 1) // 2, (Q + 1) // 2]

fields = st.one_of(st.sampled_from(FIELD_EDGES), st.integers(0, P - 1))
scalars = st.one_of(st.sampled_from(SCALAR_EDGES), st.integers(0, Q - 1))
field_lists = st.lists(fields, max_size=8)


def _point(scalar: int) -> Point:
    point = scale_base(scalar)
    assert point is not None
    return point


points = scalars.filter(bool).map(_point)
private_keys = scalars.filter(bool).map(PrivateKey)
