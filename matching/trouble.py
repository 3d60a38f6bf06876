"""What can need a person, how is it said, and what can be done about it? The one table of kinds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trouble:
    """A kind of trouble: its words, and the names of the API's routes that help, the likeliest first."""

    words: str
    acts: tuple[str, ...]


#: Kind -> what it means. Whoever raises a kind of alarm has a row here, and short words for telephones in
#: `dispatch/messages/wording.py`.
TROUBLE: dict[str, Trouble] = {
    "not_confirmed": Trouble("The technician has not confirmed the visit", ("confirm_visit", "release_technician")),
    "not_left": Trouble(
        "The technician must be on the way and has not said so", ("leave_for_visit", "check_in_to_visit")
    ),
    "no_check_in": Trouble(
        "Nobody has checked in at the site", ("check_in_to_visit", "post_no_show", "release_technician")
    ),
    "overdue": Trouble("The visit takes longer than planned", ("check_out_of_visit",)),
    "next_visit_at_risk": Trouble(
        "The technician will be late: the visit before takes too long", ("make_proposal", "release_technician")
    ),
    "could_not_start": Trouble("The work could not start: say what becomes of it", ("post_visit", "cancel")),
    "long_entry": Trouble("Somebody logged a very long time", ("post_correction",)),
    "part_missing": Trouble("A part that the visit needs is not there", ("pause_sla", "release_technician")),
    "request_waiting": Trouble(
        "The site asks for something and waits for an answer", ("grant_site_request", "refuse_site_request")
    ),
    "request_unanswered": Trouble("The site asked for something and nobody answered: the work may stop", ()),
    "proposal_waiting": Trouble("A proposed change waits for an answer", ("accept_a_proposal", "refuse_a_proposal")),
    "incident": Trouble("Something happened that a person must look at", ("decide_an_incident",)),
    "unassigned_soon": Trouble("The work must begin soon and nobody has it", ("patch_job", "resume", "cancel")),
    "unfilled": Trouble("Nobody took the job", ("patch_job", "resume", "cancel")),
    "nobody_may": Trouble("No technician in reach may do the job", ("patch_job", "cancel")),
    "pick_waiting": Trouble("Somebody said yes and waits for your pick", ("pick_technician", "hold", "cancel")),
    "credential_expiring": Trouble(
        "A proof that the visit needs is not valid to its end", ("release_technician", "post_credential")
    ),
    "technician_held": Trouble(
        "The technician cannot work for now: look for somebody else", ("release_technician", "make_proposal")
    ),
    "rework_due": Trouble("Work that was sent back is not mended yet", ("post_job_message", "make_proposal")),
    "sla_at_risk": Trouble("What was promised is about to be broken", ("pause_sla", "patch_job")),
    "sla_breached": Trouble("What was promised is broken", ("pause_sla", "patch_job")),
    "series_stopped": Trouble(
        "The next job of a series cannot be made", ("patch_series", "resume_series", "end_series")
    ),
    "review_late": Trouble("Somebody asked a person to look again and has no answer yet", ("answer_review",)),
    "dispute_late": Trouble("A dispute about pay is not decided yet", ("decide_a_dispute",)),
    "pay_late": Trouble("A law asks for the pay of work that is done by a day that is near or past", ("approve",)),
    "erasure_late": Trouble(
        "Somebody asked to be erased, and by its date they are not", ("list_erasures", "post_erasure_move")
    ),
    "client_suspended": Trouble(
        "Work is agreed for a client that is suspended", ("move_client", "release_technician", "cancel")
    ),
    "parted_still_to_come": Trouble(
        "Somebody whom you blocked or suspended is still to come", ("release_technician", "cancel")
    ),
    "webhook_failing": Trouble("An address for webhooks does not answer", ("patch_webhook", "post_ping")),
}
