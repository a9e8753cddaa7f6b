//! Between values and cookies: what an application calls `dumps` and `loads`.

use std::rc::Rc;

use anyhow::Result;
use privyseal::formats::flask::{FlaskSession, tagged};

use crate::Fixture;
use crate::harness::Contender;
use crate::payloads::{DEFLATED, KILOBYTE, PLAIN};
use crate::python::Python;

pub(crate) fn contenders(fixture: &Fixture) -> Result<Vec<Contender>> {
    let python = Python::start()?;
    let mut contenders = Vec::new();
    for payload in [PLAIN, DEFLATED, KILOBYTE] {
        let value = tagged::loads(payload.json.as_bytes())?;
        let now = fixture.now;
        let flask = Rc::new(FlaskSession::new(&fixture.ring));
        let token = flask.dumps(&value, now)?;
        let itsdangerous =
            |operation: &str| format!("{} {operation} itsdangerous (Python)", payload.name);
        for operation in OPERATIONS {
            contenders.push(python.contender(
                itsdangerous(operation),
                None,
                &format!("itsdangerous_{operation}"),
                payload,
            ));
        }
        let dumping = flask.clone();
        contenders.push(Contender::new(
            format!("{} dumps flask", payload.name),
            Some(&itsdangerous("dumps")),
            move || Ok(dumping.dumps(&value, now)?),
        )?);
        contenders.push(Contender::new(
            format!("{} loads flask", payload.name),
            Some(&itsdangerous("loads")),
            move || Ok(flask.loads(&token, now)?),
        )?);
        for operation in OPERATIONS {
            contenders.push(python.contender(
                format!("{} {operation} Flask (Python)", payload.name),
                Some(&itsdangerous(operation)),
                &format!("flask_{operation}"),
                payload,
            ));
        }
    }
    Ok(contenders)
}

const OPERATIONS: [&str; 2] = ["dumps", "loads"];
