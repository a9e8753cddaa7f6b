//! The shared behaviour suite for both adapters, in every mode, on every store that is not the
//! memory of the process; on that, the adapters' own tests run it.

use privyseal_system_tests::{Kind, Place};
use privyseal_testkit::behaviour::{Application, Mode};

use crate::{actix_application, axum_application};

fn on_actix(kind: Kind, mode: Mode) -> Application {
    let place = Place::new(kind).unwrap();
    let store = place.open().unwrap();
    Application::start_on(mode, store, move |engine, gates| {
        // The place lasts as long as what is served.
        let _place = &place;
        actix_application::serve(engine, gates)
    })
}

fn on_axum(kind: Kind, mode: Mode) -> Application {
    let place = Place::new(kind).unwrap();
    let store = place.open().unwrap();
    Application::start_on(mode, store, move |engine, gates| {
        let _place = &place;
        axum_application::serve(engine, gates)
    })
}

/// The tests of one adapter on one store.
macro_rules! tests_on {
    ($name:ident, $start:ident, $kind:ident) => {
        mod $name {
            use privyseal_testkit::behaviours;

            use super::{Kind, Mode, $start};

            mod stored {
                super::behaviours!(super::$start(super::Kind::$kind, super::Mode::Stored); stored);
            }

            mod signed {
                super::behaviours!(super::$start(super::Kind::$kind, super::Mode::Signed));
            }

            mod sealed {
                super::behaviours!(super::$start(super::Kind::$kind, super::Mode::Sealed));
                super::behaviours!(
                    super::$start(super::Kind::$kind, super::Mode::Sealed);
                    peers::peers_9_a_cookie_is_worth_nothing_under_another_name
                );
            }
        }
    };
}

tests_on!(actix_sqlite, on_actix, Sqlite);
tests_on!(actix_postgres, on_actix, Postgres);
tests_on!(actix_mysql, on_actix, MySql);
tests_on!(actix_redis, on_actix, Redis);
tests_on!(axum_sqlite, on_axum, Sqlite);
tests_on!(axum_postgres, on_axum, Postgres);
tests_on!(axum_mysql, on_axum, MySql);
tests_on!(axum_redis, on_axum, Redis);
