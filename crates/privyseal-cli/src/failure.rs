//! Errors as the user sees them: what happened, why, and what to do.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io::Write;
use std::panic::PanicHookInfo;

use anstream::stderr;
use privyseal::ring::RingError;
use privyseal::secret::KeyError;
use privyseal_keys::kek::KekError;
use privyseal_keys::repository::RepositoryError;
use privyseal_keys::ring::KeeperError;
use privyseal_keys::{SourceError, Warning};
use privyseal_server::{KekChoiceError, RingAccessError, RingUrlError, ServeError, StoreUrlError};

use crate::output::{BOLD_RED, BOLD_YELLOW, CYAN, RESET};

/// An error of the program itself, with its hint.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Cow<'static, str>,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<Cow<'static, str>>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Prints an error, its causes and its hint.
pub(crate) fn report(error: &anyhow::Error) {
    let mut text = format!("{BOLD_RED}error:{RESET} {error}\n");
    for cause in error.chain().skip(1) {
        // Some say by themselves what to do, which has its place below.
        let cause = cause.to_string();
        let cause = cause.split("\nhint: ").next().unwrap_or_default();
        let _ = writeln!(text, "  caused by: {cause}");
    }
    if let Some(hint) = error.chain().find_map(hint_of) {
        let _ = writeln!(text, "\n{CYAN}hint:{RESET} {hint}");
    }
    // Without a standard error there is nobody to tell.
    let _ = stderr().write_all(text.as_bytes());
}

/// Prints what is not well with a key and what to do about it.
pub(crate) fn warn_of_key(warning: &Warning) {
    warn(&warning.to_string(), &warning.hint());
}

/// Prints a warning and what to do about it.
pub(crate) fn warn(warning: &str, hint: &str) {
    let text = format!("{BOLD_YELLOW}warning:{RESET} {warning}\n{CYAN}hint:{RESET} {hint}\n\n");
    let _ = stderr().write_all(text.as_bytes());
}

/// Says where a panic happened and not what it said.
pub(crate) fn report_panic(panic: &PanicHookInfo<'_>) {
    let _ = stderr().write_all(describe_panic(panic).as_bytes());
}

fn describe_panic(panic: &PanicHookInfo<'_>) -> String {
    let place = panic
        .location()
        .map(|place| format!(" at {}:{}", place.file(), place.line()));
    format!(
        "{BOLD_RED}error:{RESET} privyseal made a mistake{}\n\n\
         {CYAN}hint:{RESET} please report this line; no key is in it\n",
        place.unwrap_or_default()
    )
}

fn hint_of(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(failure) = cause.downcast_ref::<Failure>() {
        return Some(failure.hint.clone().into_owned());
    }
    if let Some(error) = cause.downcast_ref::<SourceError>() {
        return Some(error.hint());
    }
    if let Some(error) = cause.downcast_ref::<ServeError>() {
        return Some(error.hint());
    }
    if let Some(error) = cause.downcast_ref::<StoreUrlError>() {
        return Some(error.hint().to_owned());
    }
    if let Some(error) = cause.downcast_ref::<RingUrlError>() {
        return Some(error.hint().to_owned());
    }
    if let Some(error) = cause.downcast_ref::<KekChoiceError>() {
        return Some(error.hint().to_owned());
    }
    if let Some(error) = cause.downcast_ref::<RingAccessError>() {
        return Some(error.hint());
    }
    if let Some(error) = cause.downcast_ref::<KeeperError>() {
        return Some(error.hint());
    }
    if let Some(error) = cause.downcast_ref::<RepositoryError>() {
        return Some(error.hint());
    }
    if let Some(error) = cause.downcast_ref::<KekError>() {
        return Some(error.hint());
    }
    if let Some(error) = cause.downcast_ref::<RingError>() {
        return Some(error.hint().to_owned());
    }
    let error = cause.downcast_ref::<KeyError>()?;
    Some(error.hint().to_owned())
}

#[cfg(test)]
mod tests {
    use std::panic;
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_panic_is_reported_without_its_message() {
        static SEEN: Mutex<String> = Mutex::new(String::new());
        let hook = panic::take_hook();
        panic::set_hook(Box::new(|panic| {
            *SEEN.lock().unwrap() = describe_panic(panic);
        }));
        let panicked = panic::catch_unwind(|| panic!("hunter2"));
        panic::set_hook(hook);
        assert!(panicked.is_err());
        let seen = SEEN.lock().unwrap();
        assert!(seen.contains("failure.rs:"), "{seen}");
        assert!(!seen.contains("hunter2"), "{seen}");
    }
}
