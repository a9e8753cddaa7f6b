//! Servers that are ended while they are written to.

use std::sync::Arc;
use std::time::Duration;

use privyseal_session::store::Store;
use privyseal_stores::conformance::{self, Power};
use privyseal_testkit::servers::Restart;

pub(crate) async fn killed_under_load(store: &Arc<impl Store>, server: &mut impl Restart) {
    let recovery = conformance::restart(store, async |power| match power {
        Power::Off => server.kill(),
        Power::On => server.restart().unwrap(),
    })
    .await;
    report("killed", recovery);
}

pub(crate) async fn stopped_under_load(store: &Arc<impl Store>, server: &mut impl Restart) {
    let recovery = conformance::restart(store, async |power| match power {
        Power::Off => server.stop(),
        Power::On => server.restart().unwrap(),
    })
    .await;
    report("stopped", recovery);
}

#[expect(clippy::print_stdout, reason = "`--nocapture` shows it")]
fn report(how: &str, recovery: Duration) {
    println!("{recovery:?} from the return of a server that was {how} to the first answer");
}
