//! The shared behaviour suite on actix-web.

mod application;

use privyseal_testkit::behaviour::{Application, Mode};

fn start(mode: Mode) -> Application {
    Application::start(mode, application::serve)
}

mod stored {
    privyseal_testkit::behaviours!(super::start(super::Mode::Stored); stored);
}

mod signed {
    privyseal_testkit::behaviours!(super::start(super::Mode::Signed));
}

mod sealed {
    privyseal_testkit::behaviours!(super::start(super::Mode::Sealed));
    privyseal_testkit::behaviours!(
        super::start(super::Mode::Sealed);
        peers::peers_9_a_cookie_is_worth_nothing_under_another_name
    );
}

mod flask {
    privyseal_testkit::behaviours!(super::start(super::Mode::Flask));
}
