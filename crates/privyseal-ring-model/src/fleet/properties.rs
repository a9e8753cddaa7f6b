//! What always holds, and what is reached at all.

use stateright::Property;

use super::world::{Flaw, Node, Sight, World};
use super::{Act, Bounds, Fleet};

/// I1. Emergencies are among what happens as long as the key that signs next is D + F old.
pub const KNOWN: &str = "I1: no fresh node meets a token under a key that it does not know";
/// I2, of the moment at which the clock was read for the revocation.
pub const REVOKED: &str = "I2: a revoked key is dead on every fresh node D + F later";
/// The second half of I3; the first is how `signer_at` is made.
pub const TWO_SIGNERS: &str = "I3: but for emergencies, two keys sign in the fleet at most";
/// What an operator goes by before revoking the primary.
pub const PROPAGATED: &str = "a standby that is called propagated is known to every fresh node";

/// What always holds, and what has to be reached for that to mean anything.
pub(super) fn all(bounds: &Bounds) -> Vec<Property<Fleet>> {
    let mut properties = vec![
        Property::always(KNOWN, |_, world: &World| !world.has(Flaw::Unknown)),
        Property::always(REVOKED, |_, world: &World| !world.has(Flaw::Undead)),
        Property::always(TWO_SIGNERS, |_, world: &World| {
            !world.has(Flaw::ThirdSigner)
        }),
        Property::always(PROPAGATED, |_, world: &World| {
            !world.has(Flaw::NotPropagated)
        }),
        Property::sometimes(
            "a node is stale while another is not",
            |_, world: &World| {
                let is_stale = |node: &Node| *node == Node::Stale;
                world.nodes.iter().any(is_stale) && !world.nodes.iter().all(is_stale)
            },
        ),
        Property::sometimes(
            "a fresh node does not know the standby",
            |_, world: &World| world.shows(Sight::Uninformed),
        ),
        Property::sometimes("a standby is known to all", |_, world: &World| {
            world.shows(Sight::Propagated)
        }),
        Property::sometimes(
            "fresh nodes sign with different keys",
            |_, world: &World| world.shows(Sight::Changeover),
        ),
        Property::sometimes("a new key signs", |_, world: &World| {
            world.shows(Sight::NewKeySigns)
        }),
    ];
    if bounds.acts.contains(&Act::Rotate) {
        let flips = |_: &Fleet, world: &World| world.shows(Sight::FlipByClock);
        properties.push(Property::sometimes("a node flips by its clock", flips));
    }
    if bounds.acts.iter().any(|act| matches!(act, Act::Revoke(_))) {
        let unwarned = |_: &Fleet, world: &World| world.shows(Sight::Unwarned);
        let name = "a fresh node signs with a revoked key";
        properties.push(Property::sometimes(name, unwarned));
    }
    properties
}
