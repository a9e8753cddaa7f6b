//! A request to a Flask application, the actions of its view, and the headers of the response.

use anyhow::{Context as _, Result, bail, ensure};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use privyseal::KeyRing;
use privyseal::value::Value;
use privyseal_session::{CookiePolicy, Engine, FlaskRules, SameSite, Session, SessionError};
use serde_json::Value as Json;

use super::flask;
use super::line::Line;
use super::tree;
use crate::ready;

/// Checks that the engine under Flask's rules answers as Flask did.
pub(super) fn check(line: &Line) -> Result<()> {
    let mut request = HeaderMap::new();
    if let Some(cookies) = line.get("cookie_header").and_then(Json::as_str) {
        request.insert(header::COOKIE, HeaderValue::from_str(cookies)?);
    }
    let handle = engine(line)?.begin(&request);
    let actions = line
        .get("actions")
        .and_then(Json::as_array)
        .context("no actions")?;
    if !actions.is_empty() {
        let mut session: Session = ready(handle.open(&request))?;
        for action in actions {
            act(&mut session, action)?;
        }
    }
    let mut response = HeaderMap::new();
    let committed = ready(handle.commit(StatusCode::OK, &mut response));
    if line.get("raises").is_some() {
        return match committed {
            Err(SessionError::NoSigningKey) => Ok(()),
            other => bail!("{other:?} where Flask raises"),
        };
    }
    committed?;
    let expected = line
        .get("set_cookie")
        .and_then(Json::as_array)
        .context("no set_cookie")?;
    let set: Vec<_> = response.get_all(header::SET_COOKIE).iter().collect();
    ensure!(
        set.iter()
            .map(|header| header.to_str().ok())
            .eq(expected.iter().map(Json::as_str)),
        "sets {set:?}, not {expected:?}"
    );
    let vary = response
        .get(header::VARY)
        .and_then(|header| header.to_str().ok());
    let expected = line.get("vary").and_then(Json::as_str);
    ensure!(vary == expected, "varies by {vary:?}, not {expected:?}");
    Ok(())
}

/// An engine with the configuration of the application.
fn engine(line: &Line) -> Result<Engine> {
    let options = flask::options(line)?;
    let engine = flask::engine(line, &options)?;
    if line.flag("no_secret") {
        engine.keys().replace(KeyRing::verify_only([]));
    }
    let config = line.option("config").and_then(Json::as_object);
    let mut cookie = CookiePolicy::flask();
    let mut rules = FlaskRules {
        lifetime: std::time::Duration::from_secs(options.max_age.seconds()),
        ..FlaskRules::default()
    };
    for (name, value) in config.into_iter().flatten() {
        let text = || value.as_str().with_context(|| format!("{name} is a text"));
        let flag = || value.as_bool().with_context(|| format!("{name} is a flag"));
        match name.as_str() {
            "SESSION_COOKIE_NAME" => cookie = cookie.name(text()?),
            "SESSION_COOKIE_SECURE" => cookie = cookie.secure(flag()?),
            "SESSION_COOKIE_PARTITIONED" => cookie = cookie.partitioned(flag()?),
            "SESSION_COOKIE_SAMESITE" => cookie = cookie.same_site(same_site(text()?)?),
            "APPLICATION_ROOT" => cookie = cookie.path(text()?),
            "SESSION_REFRESH_EACH_REQUEST" => rules.refresh_each_request = flag()?,
            // Flask warns in its log above this size and sends the cookie all the same.
            "MAX_COOKIE_SIZE" => {}
            other => bail!("unknown setting {other}"),
        }
    }
    Ok(engine.with_cookie(cookie.build()?).with_flask_rules(rules))
}

fn same_site(name: &str) -> Result<SameSite> {
    [SameSite::Strict, SameSite::Lax, SameSite::None]
        .into_iter()
        .find(|same_site| same_site.to_string() == name)
        .with_context(|| format!("unknown SameSite {name}"))
}

/// One action of the view on its session.
fn act(session: &mut Session, action: &Json) -> Result<()> {
    let text = |index: usize| action.get(index).and_then(Json::as_str).context("a text");
    let value = |index: usize| action.get(index).map(tree::plain).context("a value");
    match text(0)? {
        "get" => _ = session.get(text(1)?),
        "len" => _ = session.len(),
        "bool" => _ = session.is_empty(),
        "set" => _ = session.insert(text(1)?, value(2)?),
        "setdefault" => {
            if !session.contains_key(text(1)?) {
                session.insert(text(1)?, value(2)?);
            }
        }
        "update" => {
            let Value::Dict(more) = value(1)? else {
                bail!("an update is a dict")
            };
            for (key, value) in more {
                session.insert(key, value);
            }
        }
        // Flask does not notice a change inside a value; the session is permanent here, so that
        // it is sent anyway and the outcome is the same.
        "mutate_nested" => {
            let Some(Value::Dict(nested)) = session.get_mut(text(1)?) else {
                bail!("a dict")
            };
            nested.insert("x", value(2)?);
        }
        "clear" => session.clear(),
        "modified" => session.mark_modified(),
        "permanent" => session.set_permanent(action.get(1) == Some(&Json::Bool(true))),
        other => bail!("unknown action `{other}`"),
    }
    Ok(())
}
