"""How can a company be taxed? What its W-9 says: whether its pay is reported depends on it."""

from collections.abc import Mapping

#: In whose days a year of pay begins and ends, where nobody names other ones, and a tax class that is entered counts.
TAX_ZONE = "America/New_York"
#: How a company is taxed, as it says on its Form W-9 (line 3a; an LLC: as what it is taxed).
TAX_CLASSES: Mapping[str, str] = {
    "sole_owner": "individual or sole proprietor",
    "partnership": "partnership",
    "trust": "trust or estate",
    "c_corporation": "C corporation",
    "s_corporation": "S corporation",
    "llc_sole_owner": "LLC, disregarded: its owner is taxed",
    "llc_partnership": "LLC taxed as a partnership",
    "llc_c_corporation": "LLC taxed as a C corporation",
    "llc_s_corporation": "LLC taxed as an S corporation",
}
