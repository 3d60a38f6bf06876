"""Which fields does this actor see? The whole table, as it stands in the documentation."""

import pytest

from api.visibility import NOTHING, View, view

#: place, own numbers, the technician's name, their contact, ranking
TABLE = {
    ("client_admin", "none"): "place numbers name - ranking",
    ("client_admin", "asked"): "place numbers name - ranking",
    ("client_admin", "assigned"): "place numbers name contact ranking",
    ("requester", "none"): "place numbers name - ranking",
    ("requester", "asked"): "place numbers name - ranking",
    ("requester", "assigned"): "place numbers name contact ranking",
    ("dispatcher", "none"): "place numbers name - ranking",
    ("dispatcher", "asked"): "place numbers name - ranking",
    ("dispatcher", "assigned"): "place numbers name contact ranking",
    ("operator", "none"): "place numbers name contact ranking",
    ("operator", "asked"): "place numbers name contact ranking",
    ("operator", "assigned"): "place numbers name contact ranking",
    ("technician", "none"): "- - name - -",
    ("technician", "asked"): "- - name - -",
    ("technician", "assigned"): "place - name contact -",
    ("company", "none"): "- - name - -",
    ("company", "asked"): "- - name - -",
    ("company", "assigned"): "place - name contact -",
    ("gateway", "none"): "- - name - -",
    ("gateway", "asked"): "- - name - -",
    ("gateway", "assigned"): "place - name contact -",
}


@pytest.mark.parametrize(("kind", "relation"), TABLE)
def test_what_is_seen_is_what_the_table_says(kind, relation):
    flags = [word != "-" for word in TABLE[kind, relation].split()]
    assert view(kind, relation) == View(*flags)


def test_an_unknown_kind_sees_nothing():
    assert view("stranger", "assigned") == NOTHING
    assert view("engine", "none") == NOTHING
