"""Facts about the Earth: points, cells, distances, travel times, areas, time zones and places. Pure.

Coordinates are WGS 84 degrees, always ``lat, lng``; the longitude-first order of GeoJSON lives in ``geo/geojson.py``
alone, and the planar x and y that polygons are computed with in ``geo/planar.py``. ``geo/roads.py`` is the only module
that talks to a network. The errors are drawn in ``geo/errors.py``.
"""
