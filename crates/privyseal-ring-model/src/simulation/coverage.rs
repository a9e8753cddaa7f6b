//! What was met: a simulation in which nothing happens finds nothing.

use std::ops::AddAssign;

macro_rules! coverage {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// How often what happened.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Coverage {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Coverage {
            /// All figures by name.
            pub fn figures(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name)),*].into_iter()
            }
        }

        impl AddAssign for Coverage {
            fn add_assign(&mut self, other: Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

coverage! {
    /// Tokens that were accepted.
    accepted,
    /// Those of them whose key had been suspended.
    accepted_after_resume,
    /// Tokens that came to a node that did not know their key yet, after an emergency.
    not_yet_known,
    /// Tokens under a suspended key.
    suspended,
    /// Tokens under a revoked key.
    revoked,
    /// Tokens that came after their end.
    expired,
    /// Seconds in which fresh nodes signed with different keys.
    changeovers,
    /// Seconds of nodes that had not read for too long.
    stale,
    /// Nodes that were started again.
    restarts,
    /// Answers that were held off.
    held,
    /// Rotations.
    rotations,
    /// Revocations and suspensions.
    emergencies,
    /// Keys that were destroyed.
    destructions,
    /// Writes that lost to another one.
    conflicts,
    /// Writes that never reached the store.
    lost_writes,
    /// Operations that the ring refused.
    refusals,
    /// Keys that the ring had before, and refused.
    reuses_refused,
}
