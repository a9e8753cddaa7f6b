//! The id of a session in a cookie is one for life, so that its end is the end of every cookie that
//! any node made of it, whoever has heard of what.

use http::StatusCode;
use privyseal::sealed::SessionId;
use privyseal_session::Session;

use crate::browser::{Browser, Visit};
use crate::kinds::named;
use crate::nodes::{MODES, Mode, Node, World};

/// The cookie that the browser has after the answer to a request; none if that removed it.
async fn answer(visit: &Visit, node: &Node) -> Option<String> {
    let response = visit.answer(StatusCode::OK).await.unwrap();
    let mut browser = Browser::new(&node.engine);
    browser.take(&response);
    browser.cookie
}

/// A request with this cookie that changes its session; the cookie after it.
async fn change(node: &Node, cookie: Option<&str>, change: impl Fn(&mut Session)) -> String {
    let mut browser = Browser::new(&node.engine);
    browser.cookie = cookie.map(str::to_owned);
    let visit = browser.begin();
    change(&mut visit.open_async().await.unwrap());
    answer(&visit, node).await.unwrap()
}

async fn id_of(node: &Node, cookie: &str) -> Option<SessionId> {
    let visit = Browser::with_cookie(&node.engine, cookie).begin();
    visit.open_async().await.unwrap().id()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Renewal {
    Renew,
    SignIn,
    Elevate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Handler,
    Id,
    User,
    Everything,
}

const RENEWALS: [Renewal; 3] = [Renewal::Renew, Renewal::SignIn, Renewal::Elevate];
const ENDS: [End; 4] = [End::Handler, End::Id, End::User, End::Everything];

/// Every order in which two nodes hear of two entries: each of them in that of the log.
const DELIVERIES: [[char; 4]; 6] = [
    ['a', 'a', 'b', 'b'],
    ['a', 'b', 'a', 'b'],
    ['a', 'b', 'b', 'a'],
    ['b', 'a', 'a', 'b'],
    ['b', 'a', 'b', 'a'],
    ['b', 'b', 'a', 'a'],
];

/// A node ends a session, and another one that has not heard of it renews it.
#[derive(Clone, Copy, Debug)]
struct Race {
    mode: Mode,
    renewal: Renewal,
    end: End,
    end_is_first: bool,
    /// How much later the second of the two is.
    seconds: i64,
    delivery: [char; 4],
}

impl Race {
    /// A sign-in does not undo the end of *this* session. Who signs in after all sessions of a user,
    /// or of everybody, were ended begins one that is not among them.
    fn signs_in_after(&self) -> bool {
        let ends_by_time = matches!(self.end, End::User | End::Everything);
        let is_later = self.end_is_first && self.seconds > 0;
        self.renewal == Renewal::SignIn && ends_by_time && is_later
    }

    async fn run(self) {
        let world = World::new(self.mode);
        let (here, there) = (world.node(), world.node());
        let old = change(&here, None, |session| {
            session.insert("a", 1);
            session.sign_in(named("ada"));
        });
        let old = old.await;
        assert_eq!(world.entries(), 0);

        let (ending, renewing) = (
            Browser::with_cookie(&here.engine, &old).begin(),
            Browser::with_cookie(&there.engine, &old).begin(),
        );
        let session = ending.open_async().await.unwrap();
        let renewed_session = renewing.open_async().await.unwrap();
        assert!(renewed_session.contains_key("a"));
        let renewed = if self.end_is_first {
            self.end(&here, &ending, session).await;
            world.clock.advance(self.seconds);
            self.renew(renewed_session);
            answer(&renewing, &there).await
        } else {
            self.renew(renewed_session);
            let renewed = answer(&renewing, &there).await;
            world.clock.advance(self.seconds);
            self.end(&here, &ending, session).await;
            renewed
        };
        let renewed = renewed.unwrap();
        assert_eq!(world.entries(), 2, "{self:?}");

        let mut heard = [0, 0];
        for name in self.delivery {
            let (node, heard) = match name {
                'a' => (&here, &mut heard[0]),
                _ => (&there, &mut heard[1]),
            };
            *heard += 1;
            node.hear(*heard).await;
        }
        let newcomer = world.node();
        newcomer.lets_through.send_replace(2);
        for node in [&here, &there, &newcomer] {
            assert!(!node.accepts(&old).await, "{self:?}");
            let is_accepted = node.accepts(&renewed).await;
            assert_eq!(is_accepted, self.signs_in_after(), "{self:?}");
        }
    }

    fn renew(self, mut session: Session) {
        match self.renewal {
            Renewal::Renew => session.renew(),
            Renewal::Elevate => session.elevate(2),
            Renewal::SignIn => session.sign_in(named("ada")),
        }
    }

    async fn end(self, node: &Node, ending: &Visit, mut session: Session) {
        match self.end {
            End::Handler => {
                session.end();
                let cookie = answer(ending, node).await;
                assert_eq!(cookie, None);
            }
            End::Id => {
                let id = session.id().unwrap();
                node.engine.end_session(id).await.unwrap();
            }
            End::User => {
                node.engine.end_all_of(&named("ada")).await.unwrap();
            }
            End::Everything => node.engine.end_everything().await.unwrap(),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_renewal_that_races_with_an_end_on_another_node_outlives_it_a10() {
    for mode in MODES {
        for renewal in RENEWALS {
            for end in ENDS {
                for end_is_first in [true, false] {
                    // In which order they hear of it has nothing to do with when it was.
                    for (seconds, deliveries) in [(0, &DELIVERIES[..]), (5, &DELIVERIES[..1])] {
                        for delivery in deliveries {
                            let race = Race {
                                mode,
                                renewal,
                                end,
                                end_is_first,
                                seconds,
                                delivery: *delivery,
                            };
                            race.run().await;
                        }
                    }
                }
            }
        }
    }
}

/// Neither has heard of the other, so that there are two cookies of one session.
#[tokio::test(start_paused = true)]
async fn of_two_renewals_on_two_nodes_both_live_and_end_together_a10() {
    for mode in MODES {
        let world = World::new(mode);
        let (here, there) = (world.node(), world.node());
        let old = change(&here, None, |session| drop(session.insert("a", 1))).await;
        let mut renewed = Vec::new();
        for node in [&here, &there] {
            renewed.push(change(node, Some(&old), Session::renew).await);
        }
        for node in [&here, &there] {
            node.hear(world.entries()).await;
            assert!(!node.accepts(&old).await, "{mode:?}");
            for cookie in &renewed {
                assert!(node.accepts(cookie).await, "{mode:?}");
            }
        }
        let id = id_of(&here, &renewed[0]).await.unwrap();
        assert_eq!(id_of(&there, &renewed[1]).await, Some(id));
        let ending = Browser::with_cookie(&here.engine, &renewed[0]).begin();
        ending.open_async().await.unwrap().end();
        answer(&ending, &here).await;
        there.hear(world.entries()).await;
        for node in [&here, &there] {
            for cookie in &renewed {
                assert!(!node.accepts(cookie).await, "{mode:?}");
            }
        }
    }
}

/// Flask's sessions have no id. The one that ours gives them is the name of the cookie.
#[tokio::test(start_paused = true)]
async fn the_end_of_a_cookie_that_flask_made_ends_what_any_node_made_of_it_a9_a10() {
    for end_is_first in [true, false] {
        let world = World::new(Mode::Signed);
        let (here, there) = (world.node(), world.node());
        let flask = world.begun_by_flask();
        let ending = Browser::with_cookie(&here.engine, &flask).begin();
        ending.open_async().await.unwrap().end();
        if end_is_first {
            answer(&ending, &here).await;
        }
        let written = change(&there, Some(&flask), |session| drop(session.insert("b", 1))).await;
        let signed_in = change(&there, Some(&flask), |session| {
            session.sign_in(named("ada"));
        })
        .await;
        let elevated = change(&there, Some(&signed_in), |session| session.elevate(2)).await;
        if !end_is_first {
            answer(&ending, &here).await;
        }
        for node in [&here, &there] {
            node.hear(3).await;
            for cookie in [&flask, &written, &signed_in, &elevated] {
                assert!(!node.accepts(cookie).await, "{end_is_first}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewal_of_a_session_that_flask_began_leaves_behind_all_but_itself_a12() {
    let world = World::new(Mode::Signed);
    let (here, there) = (world.node(), world.node());
    let flask = world.begun_by_flask();
    let written = change(&here, Some(&flask), |session| drop(session.insert("b", 1))).await;
    let renewed = change(&there, Some(&flask), Session::renew).await;
    for node in [&here, &there] {
        node.hear(1).await;
        assert!(!node.accepts(&flask).await);
        assert!(!node.accepts(&written).await);
        assert!(node.accepts(&renewed).await);
    }
    assert_eq!(
        id_of(&here, &renewed).await,
        Some(world.id_of_cookie(&flask))
    );
}

/// Whatever it is that writes it first.
#[tokio::test(start_paused = true)]
async fn a_session_that_flask_began_is_given_one_id_by_every_node() {
    let world = World::new(Mode::Signed);
    let (here, there) = (world.node(), world.node());
    let flask = world.begun_by_flask();
    let id = Some(world.id_of_cookie(&flask));
    assert_eq!(id_of(&here, &flask).await, None);
    let bound = change(&here, Some(&flask), |session| {
        drop(session.csrf_token().unwrap());
    })
    .await;
    assert_eq!(id_of(&here, &bound).await, id);
    // It is sent again because it was used.
    world.clock.advance(600);
    let reading = Browser::with_cookie(&there.engine, &flask).begin();
    drop(reading.open_async().await.unwrap());
    let sent_again = answer(&reading, &there).await.unwrap();
    assert_eq!(id_of(&there, &sent_again).await, id);
}
