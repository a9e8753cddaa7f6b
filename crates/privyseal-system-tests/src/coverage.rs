//! What of the shared behaviour suite does not apply where, and why.

/// Behaviours that are not tested in some modes.
pub const NOT_APPLICABLE: &[NotApplicable] = &[
    NotApplicable {
        behaviours: "peers_2_changes_at_the_same_time_are_all_kept, \
                     sixty_four_writers_of_one_session_lose_nothing",
        modes: "signed, sealed, flask",
        reason: "each answer carries the whole session in its cookie, and the browser keeps the \
                 last; only a session in a store has a place where changes can meet",
    },
    NotApplicable {
        behaviours: "one_of_several_sessions_is_ended",
        modes: "signed, sealed, flask",
        reason: "sessions in cookies are known to browsers alone, so that nobody can list them",
    },
    NotApplicable {
        behaviours: "an_outage_is_a_fixed_503_and_costs_nobody_the_cookie, \
                     a_request_that_needs_no_session_does_not_notice_an_outage",
        modes: "signed, sealed, flask",
        reason: "a session in a cookie is read without the store; what is asked is the log of \
                 revocations, whose outage is tested in `tests/it/outage.rs` and with the engine",
    },
    NotApplicable {
        behaviours: "peers_9_a_cookie_is_worth_nothing_under_another_name",
        modes: "signed, flask",
        reason: "Flask's format has no place for the name of the cookie; the salt, which comes \
                 from the name of the application, keeps applications apart",
    },
    NotApplicable {
        behaviours: "end_all_of keeps one session (end_others_of)",
        modes: "signed, sealed, flask",
        reason: "among sessions in cookies the one to keep cannot be told from the others",
    },
    NotApplicable {
        behaviours: "a_late_write_on_another_node_does_not_undo_a_sign_out, before that node has \
                     heard of the sign-out",
        modes: "flask, unless the user is signed out by name",
        reason: "a cookie of Flask's has no id: signed anew, the session has another MAC, and \
                 nothing tells that it is the one that was ended",
    },
    NotApplicable {
        behaviours: "what one node ends another refuses",
        modes: "every mode on memory",
        reason: "two processes cannot share the memory of one",
    },
    NotApplicable {
        behaviours: "a store that is killed and restarted",
        modes: "every mode on memory and SQLite",
        reason: "they are no servers; a SQLite file that another process has locked is tested \
                 instead",
    },
];

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct NotApplicable {
    /// The names of the tests, or what they show.
    pub behaviours: &'static str,
    /// Where they do not apply.
    pub modes: &'static str,
    /// Why.
    pub reason: &'static str,
}
