"""The checks of sessions, links and passwords. The row tried is a technician's session, and their try a link."""

from edges import Edge, known

from dispatch.record.tables import signin

_LOWER = Edge(("email = 'anna@example.org'",), ("email = 'Anna@example.org'",))


def _ends(begin: str) -> Edge:
    """Later than the beginning, and both at some time."""
    return Edge(
        (f"expires_at = {begin} + interval '1 second'",),
        (f"expires_at = {begin}", "expires_at = 'infinity'", f"{begin} = '-infinity'", f"{begin} = 'infinity'"),
    )


CHECKS = {
    "ck_passwords_email_lower": _LOWER,
    "ck_sessions_email_lower": _LOWER,
    "ck_sessions_ends": _ends("opened_at"),
    "ck_sessions_idle_s_size": Edge(("idle_s = 60", "idle_s = 31622400"), ("idle_s = 59", "idle_s = 31622401")),
    "ck_sessions_method_known": known("method", signin.METHODS),
    "ck_sessions_one_person": Edge(
        ("technician_id = NULL, staff_id = gen_random_uuid()", "staff_id = NULL"),
        ("staff_id = gen_random_uuid()", "technician_id = NULL"),
    ),
    "ck_sign_ins_email_lower": _LOWER,
    "ck_sign_ins_ends": _ends("asked_at"),
    "ck_sign_ins_kind_known": known("kind", signin.SIGN_IN_KINDS),
    "ck_sign_ins_link_has_email": Edge(
        ("kind = 'link'", "kind = 'oidc', email = NULL"), ("email = NULL", "kind = 'oidc'")
    ),
    "ck_sign_ins_oidc_has_hash": Edge(("hash = NULL", "kind = 'oidc'"), ("kind = 'oidc', hash = NULL",)),
    "ck_sign_ins_oidc_has_more": Edge(
        ("more = NULL", "kind = 'oidc', more = '{}'"), ("more = '{}'", "kind = 'oidc', more = NULL")
    ),
}
