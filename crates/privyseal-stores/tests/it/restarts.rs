//! Servers that are ended while they are written to.

use std::sync::Arc;

use privyseal_session::store::Store;
use privyseal_stores::conformance::{self, Power};
use privyseal_testkit::servers::Restart;

pub(crate) async fn killed_under_load(store: &Arc<impl Store>, server: &mut impl Restart) {
    let recovery = conformance::restart(store, async |power| match power {
        Power::Off => server.kill(),
        Power::On => server.restart().unwrap(),
    })
    .await;
    println!("{recovery:?} from the return of a killed server to the first answer");
}

pub(crate) async fn stopped_under_load(store: &Arc<impl Store>, server: &mut impl Restart) {
    let recovery = conformance::restart(store, async |power| match power {
        Power::Off => server.stop(),
        Power::On => server.restart().unwrap(),
    })
    .await;
    println!("{recovery:?} from the return of a stopped server to the first answer");
}
