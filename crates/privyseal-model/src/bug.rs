//! The protocol with one thing wrong, to see that the checker finds it.

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A write brings back a session that ended.
    WritesRevive,
    /// Ending a session leaves it as it is.
    EndsAreForgotten,
    /// A write is acknowledged and not made.
    WritesAreForgotten,
    /// A write does not look at the version.
    WritesIgnoreTheVersion,
    /// Who loses a race tries again with what it knew before.
    ConflictsAreNotMerged,
    /// The secret from before a sign-in leads to the one after it.
    SignInLeadsOn,
    /// Who loses to a sign-in is told that the session ended, and takes the new cookie away.
    SignInLooksLikeAnEnd,
    /// An old secret opens nothing, from the first moment on.
    NoGrace,
    /// An old secret leads to the new one for ever.
    EndlessGrace,
    /// The session is saved before it is known that the response is an error, and the cookie is
    /// lost with the response.
    ErrorsAreSaved,
    /// Somebody brings an old secret after its grace, and nothing happens.
    ReuseIsIgnored,
}
