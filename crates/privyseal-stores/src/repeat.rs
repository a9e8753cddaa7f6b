//! What may be asked of a server twice.

/// Whether a call may be sent a second time when its connection was lost under way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It changes nothing, or the same again.
    Always,
    /// Its answer would be another one: a compare-and-swap that is executed twice takes its own
    /// first write for somebody else's. Only what certainly was not executed is repeated.
    IfUndone,
}
