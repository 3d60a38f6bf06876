"""The checks of texts that only the cleared read."""

from edges import Edge

CHECKS = {
    "ck_cleared_texts_name_code": Edge(
        ("name = 'a'", f"name = '{'a' * 40}'", "name = 'door_2'"),
        ("name = ''", "name = '2'", "name = 'A'", "name = 'a b'", "name = 'a-b'", "name = '_a'", "name = E'a\\nb'"),
    ),
    "ck_cleared_texts_one_owner": Edge(("name = name",), ("job_id = NULL, template_id = NULL", "template_id = id")),
    "ck_cleared_texts_sealed_size": Edge(
        (f"sealed = '\\x01{'00' * 51}'", f"sealed = '\\x01{'00' * 19999}'"),
        (f"sealed = '\\x01{'00' * 50}'", f"sealed = '\\x01{'00' * 20000}'"),
    ),
    "ck_jobs_disclosure_object": Edge(
        ("disclosure = '{}'",), ("disclosure = '[]'", "disclosure = '1'", "disclosure = 'null'")
    ),
}
