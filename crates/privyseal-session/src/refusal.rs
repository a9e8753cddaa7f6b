//! Why a cookie opens no session.

use crate::metrics::Event;
use crate::stored::Unreadable;

/// Why a cookie that came opens no session.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    Because(Event),
    /// It is authentic, but the row that it refers to cannot be read.
    Unreadable(Unreadable),
}

impl Refusal {
    /// What has happened to the request that brought the cookie.
    pub(crate) fn event(self) -> Event {
        match self {
            Self::Because(event) => event,
            Self::Unreadable(unreadable) => unreadable.event(),
        }
    }

    /// Whether it is for want of a key that the ring does not hold.
    pub(crate) fn is_by_unknown_key(self) -> bool {
        matches!(
            self,
            Self::Because(Event::RefusedUnknownKey) | Self::Unreadable(Unreadable::ByUnknownKey)
        )
    }
}

impl From<Event> for Refusal {
    fn from(event: Event) -> Self {
        Self::Because(event)
    }
}
