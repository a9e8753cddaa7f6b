//! What always holds, and what is reached at all.

use stateright::Property;

use crate::protocol::Protocol;
use crate::visit::{Cookie, Deed, Kept, Reply, RowNo};
use crate::world::{Bounds, Flaw, Note, Phase, World};

/// An ended session is never opened or written again.
pub const ENDED_IS_ENDED: &str = "an ended session is never accepted again";
/// Who is told that the session has ended is told the truth.
pub const ENDS_ARE_MADE: &str = "an acknowledged end is made";
/// The session holds what every write that was made has left, in their order.
pub const NOTHING_IS_LOST: &str = "an acknowledged change of a live session is never lost";
/// No secret is replaced twice.
pub const ONE_SUCCESSOR: &str = "a secret has at most one successor";
/// What a user gains by signing in is not for who had the session before.
pub const NO_FIXATION: &str = "a secret from before a sign-in opens nothing after it";
/// Errors and lost responses cost nobody the session.
///
/// Four things do, and are accepted: losing the response to a sign-in; one from before a sign-in
/// that arrives after it, which no server can prevent; not hearing of a renewal until the grace is
/// over; and, for as long as it takes, that the response to a sign-in is on its way.
pub const AVAILABLE: &str = "the browser always has a cookie that opens a live session";
/// A copy that is used late ends the session.
pub const THEFT_IS_NOTICED: &str = "an old secret after its grace ends the session";
/// A server error undoes what its handler did.
pub const ERRORS_SAVE_NOTHING: &str = "a server error saves nothing but the end";

/// What always holds, and what has to be reached for that to mean anything.
pub(crate) fn all(bounds: Bounds) -> Vec<Property<Protocol>> {
    let mut properties = vec![
        Property::always(ENDED_IS_ENDED, |_, world| lacks(world, Flaw::LivesOn)),
        Property::always(ENDS_ARE_MADE, |_, world| lacks(world, Flaw::NotEnded)),
        Property::always(NOTHING_IS_LOST, nothing_is_lost),
        Property::always(ONE_SUCCESSOR, |_, world| lacks(world, Flaw::TwoSuccessors)),
        Property::always(NO_FIXATION, no_fixation),
        Property::always(AVAILABLE, available),
        Property::always(THEFT_IS_NOTICED, |_, world| lacks(world, Flaw::TheftMissed)),
        Property::always(ERRORS_SAVE_NOTHING, |_, world| {
            lacks(world, Flaw::ErrorSaved)
        }),
        Property::sometimes("changes are merged", |_, world| any(world, Note::Merged)),
        Property::sometimes("two renewals race", |_, world| {
            any(world, Note::RenewalRaced)
        }),
        Property::sometimes("a write comes after the end", |_, world| {
            any(world, Note::Dropped) && world.history.ended
        }),
        Property::sometimes("a write loses to a sign-in", |_, world| {
            any(world, Note::Refused) && world.history.signed_in.is_some()
        }),
    ];
    // Two ticks are what an old secret needs to outlive its grace.
    if bounds.ticks >= 2 {
        let theft = Property::sometimes("a theft is noticed", |_, world| theft_is_noticed(world));
        properties.push(theft);
    }
    if bounds.silences > 0 {
        let is_late = |_: &Protocol, world: &World| world.late.is_some();
        properties.push(Property::sometimes("a call outlives its caller", is_late));
    }
    properties
}

fn lacks(world: &World, flaw: Flaw) -> bool {
    !world.history.has(flaw)
}

fn row(world: &World) -> Option<RowNo> {
    match world.kept {
        Kept::Live(row) => Some(row),
        Kept::Ended => None,
    }
}

fn nothing_is_lost(model: &Protocol, world: &World) -> bool {
    let history = &world.history;
    let Some(row) = row(world) else {
        return true;
    };
    let seen = model.stage.look(row, history.current, world.now);
    lacks(world, Flaw::NotWritten) && seen.is_some_and(|seen| seen.content == history.expected)
}

fn no_fixation(model: &Protocol, world: &World) -> bool {
    let opens =
        |secret| row(world).is_some_and(|row| model.stage.look(row, secret, world.now).is_some());
    let before = 0..world.history.signed_in.unwrap_or(0);
    lacks(world, Flaw::Fixated) && !before.into_iter().any(opens)
}

fn available(model: &Protocol, world: &World) -> bool {
    let history = &world.history;
    let Some(row) = row(world) else {
        return true;
    };
    let sign_in_is_under_way = world.requests.iter().any(|phase| {
        matches!(phase, Phase::Answers { commit: Some(commit), .. }
            if commit.deed == Deed::SignIn && !commit.fails)
    });
    if history.is_excused || sign_in_is_under_way {
        return true;
    }
    match world.browser {
        Cookie::Secret(secret) => {
            history.is_stale(secret, world.now)
                || model.stage.look(row, secret, world.now).is_some()
        }
        Cookie::None | Cookie::OfAnother => false,
    }
}

fn any(world: &World, wanted: Note) -> bool {
    let mut requests = world.requests.iter();
    requests.any(|phase| matches!(phase, Phase::Answers { note, .. } if *note == wanted))
}

/// The engine ends a session that it was only asked to open.
fn theft_is_noticed(world: &World) -> bool {
    let mut requests = world.requests.iter();
    requests.any(|phase| {
        matches!(phase, Phase::Handled(visit, _) if visit.replies.last() == Some(&Reply::NowEnded))
    })
}
