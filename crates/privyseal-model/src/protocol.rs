//! What can happen next.

use stateright::{Model, Property};

use crate::bug::Bug;
use crate::judge::signs_in;
use crate::properties;
use crate::stage::Stage;
use crate::visit::{Commit, Cookie, Deed, Effect, Kept, Next, SecretNo, Seen, Visit};
use crate::world::{Bounds, History, Late, Phase, World};

/// The stored session under the requests of a browser and a thief.
#[derive(Debug)]
pub struct Protocol {
    pub(crate) stage: Stage,
    bounds: Bounds,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A request is sent, with this cookie.
    Send(u8, SecretNo),
    /// It calls the store.
    Call(u8, Fate),
    /// Its handler is done, and the engine calls the store if it has to.
    Commit(u8, Deed, bool, Fate),
    /// The browser has the response.
    Deliver(u8),
    /// It never gets it.
    Lose(u8),
    /// The call that was given up reaches the store.
    Arrive,
    /// Time passes.
    Tick,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is answered.
    Heard,
    /// It was never made.
    Lost,
    /// It was made, and its answer is lost.
    Unheard,
    /// It is made later.
    Late,
}

impl Protocol {
    /// The protocol as it is shipped, or with a bug.
    pub fn new(bounds: Bounds, bug: Option<Bug>) -> Self {
        Self {
            stage: Stage::new(bug),
            bounds,
        }
    }

    /// How many different rows, and different steps of the engine, were met.
    pub fn met(&self) -> (usize, usize) {
        self.stage.met()
    }

    fn is_browser(&self, who: u8) -> bool {
        who < self.bounds.requests
    }

    /// The cookies with which a request may be sent.
    fn sendable(&self, world: &World, who: u8, actions: &mut Vec<Action>) {
        if !self.is_browser(who) {
            let held =
                (0..world.history.made).filter(|secret| world.history.held >> secret & 1 == 1);
            actions.extend(held.map(|secret| Action::Send(who, secret)));
        } else if let Cookie::Secret(secret) = world.browser {
            actions.push(Action::Send(who, secret));
        }
    }

    /// One step of a request, if it has this fate.
    fn advance(&self, last: &World, visit: &Visit, fate: Fate) -> Option<World> {
        let mut world = last.clone();
        let made = last.history.made;
        let heard = self.stage.step(visit, Next::Answers(last.kept), made);
        if fate == Fate::Heard {
            let mut visit = visit.clone();
            visit.replies.extend(heard.reply);
            world.apply(&visit, heard.effect);
            world.arrive_at(&visit, heard);
            return Some(world);
        }
        heard.reply?;
        let has_effect = heard.effect != Effect::None;
        if !has_effect && fate != Fate::Lost {
            return None;
        }
        let silent = self.stage.step(visit, Next::Silent, made);
        let mut visit = visit.clone();
        visit.replies.extend(silent.reply);
        world.silences -= 1;
        match fate {
            Fate::Unheard => {
                world.apply(&visit, heard.effect);
                world.miss_answer(visit.commit, heard.effect);
            }
            Fate::Late => {
                if let Effect::Wrote { fresh: Some(_), .. } = heard.effect {
                    world.history.make_secret();
                }
                world.late = Some(Late {
                    who: visit.who,
                    secret: visit.secret,
                    commit: visit.commit,
                    before: last.kept,
                    effect: heard.effect,
                });
            }
            _ => {}
        }
        world.arrive_at(&visit, silent);
        Some(world)
    }

    fn commit(&self, last: &World, who: u8, commit: (Deed, bool), fate: Fate) -> Option<World> {
        let Some(Phase::Handled(visit, _)) = last.requests.get(usize::from(who)) else {
            return None;
        };
        let (deed, fails) = commit;
        let mut visit = visit.clone();
        visit.commit = Some(Commit {
            deed,
            fails,
            at: last.now,
        });
        self.advance(last, &visit, fate)
    }

    fn deliver(&self, last: &World, who: u8) -> Option<World> {
        let mut world = last.clone();
        let phase = world.phase(who)?;
        let Phase::Answers { answer, .. } = *phase else {
            return None;
        };
        *phase = Phase::Done;
        if let Some(cookie) = answer.cookie
            && self.is_browser(who)
        {
            world.browser = cookie;
            if let Cookie::Secret(secret) = cookie {
                world.history.held |= 1 << secret;
                world.history.is_excused |= world.history.is_from_before_sign_in(secret);
            }
        }
        Some(world)
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let requests = self.bounds.requests + self.bounds.thefts;
        vec![World {
            now: 0,
            kept: Kept::Live(self.stage.first_row()),
            late: None,
            silences: self.bounds.silences,
            browser: Cookie::Secret(0),
            requests: vec![Phase::Unsent; requests.into()],
            history: History::new(),
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let fates: &[Fate] = if world.silences > 0 && world.late.is_none() {
            &[Fate::Heard, Fate::Lost, Fate::Unheard, Fate::Late]
        } else {
            &[Fate::Heard]
        };
        let mut may_send = [true, true];
        for (who, phase) in (0..).zip(&world.requests) {
            match phase {
                // Requests of one sender that were not sent are alike: the first one goes first.
                Phase::Unsent => {
                    let may_send = &mut may_send[usize::from(self.is_browser(who))];
                    if std::mem::take(may_send) {
                        self.sendable(world, who, actions);
                    }
                }
                Phase::Sent(_) | Phase::Calls(_) => {
                    actions.extend(fates.iter().map(|fate| Action::Call(who, *fate)));
                }
                Phase::Handled(_, seen) => {
                    for (deed, fails) in deeds(*seen, self.is_browser(who)) {
                        let commit = |fate: &Fate| Action::Commit(who, *deed, *fails, *fate);
                        actions.extend(fates.iter().map(commit));
                    }
                }
                Phase::Answers { answer, .. } => {
                    actions.push(Action::Deliver(who));
                    if answer.cookie.is_some() && self.is_browser(who) {
                        actions.push(Action::Lose(who));
                    }
                }
                Phase::Done => {}
            }
        }
        if world.late.is_some() {
            actions.push(Action::Arrive);
        }
        if world.now < self.bounds.ticks {
            actions.push(Action::Tick);
        }
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        match action {
            Action::Send(who, secret) => {
                let mut world = last.clone();
                *world.phase(who)? = Phase::Sent(secret);
                Some(world)
            }
            Action::Call(who, fate) => match last.requests.get(usize::from(who))? {
                Phase::Sent(secret) => {
                    self.advance(last, &Visit::new(who, *secret, last.now), fate)
                }
                Phase::Calls(visit) => self.advance(last, visit, fate),
                _ => None,
            },
            Action::Commit(who, deed, fails, fate) => self.commit(last, who, (deed, fails), fate),
            Action::Deliver(who) => self.deliver(last, who),
            Action::Lose(who) => {
                let mut world = last.clone();
                let phase = world.phase(who)?;
                let Phase::Answers { commit, .. } = *phase else {
                    return None;
                };
                *phase = Phase::Done;
                world.history.is_excused |= signs_in(commit);
                Some(world)
            }
            Action::Arrive => {
                let mut world = last.clone();
                let late = world.late.take()?;
                let visit = Visit {
                    commit: late.commit,
                    ..Visit::new(late.who, late.secret, 0)
                };
                world.apply(&visit, late.effect);
                world.miss_answer(late.commit, late.effect);
                Some(world)
            }
            Action::Tick => Some(World {
                now: last.now + 1,
                ..last.clone()
            }),
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all(self.bounds)
    }
}

/// What a handler may do. Who has no session has none to renew, and one that begins is not the one
/// that this is about; but who signs out may have come with a cookie that just lost its session.
fn deeds(seen: Seen, is_browser: bool) -> &'static [(Deed, bool)] {
    match (seen.is_live, is_browser) {
        (false, false) => &[(Deed::Read, false), (Deed::Write, false)],
        (false, true) => &[
            (Deed::Read, false),
            (Deed::Write, false),
            (Deed::End, false),
        ],
        (true, true) => &[
            (Deed::Read, false),
            (Deed::Write, false),
            (Deed::Write, true),
            (Deed::Renew, false),
            (Deed::Renew, true),
            (Deed::SignIn, false),
            (Deed::SignIn, true),
            (Deed::End, false),
            (Deed::End, true),
        ],
        (true, false) => &[
            (Deed::Read, false),
            (Deed::Write, false),
            (Deed::Renew, false),
        ],
    }
}
