//! Messages for the next page, such as "Saved.", kept in the session until they are shown.
//!
//! They lie where Flask keeps its own and in its shape, a list of pairs of category and message
//! under `_flashes`, so that what one application says the other one shows.
//!
//! # Examples
//! ```
//! use privyseal::value::Dict;
//! use privyseal_session::flash;
//!
//! let mut session = Dict::new();
//! flash::push(&mut session, "message", "Saved.")?;
//! let shown = flash::take(&mut session);
//! assert_eq!((&*shown[0].category, &*shown[0].message), ("message", "Saved."));
//! assert!(flash::take(&mut session).is_empty());
//! # Ok::<(), flash::FlashError>(())
//! ```

use std::fmt;

use privyseal::value::{Dict, Value};

/// A message that waits to be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Flash {
    /// What kind of message it is; Flask's default is `message`.
    pub category: String,
    /// The message.
    pub message: String,
    /// Whether a Flask application wrote the message as `Markup`: it is HTML already, and whatever
    /// in it came from users was escaped there.
    pub is_markup: bool,
}

impl fmt::Debug for Flash {
    /// The message stays out: it holds personal data as a rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flash")
            .field("is_markup", &self.is_markup)
            .finish_non_exhaustive()
    }
}

impl Flash {
    /// The pair that Flask appends; `None` for what has another shape.
    fn from_value(value: &Value) -> Option<Self> {
        // What passed through a format without tuples is a list.
        let (Value::Tuple(pair) | Value::List(pair)) = value else {
            return None;
        };
        let [Value::Str(category), message] = &pair[..] else {
            return None;
        };
        let (message, is_markup) = match message {
            Value::Str(message) => (message, false),
            Value::Markup(message) => (message, true),
            _ => return None,
        };
        Some(Self {
            category: category.to_string_lossy().into_owned(),
            message: message.to_string_lossy().into_owned(),
            is_markup,
        })
    }

    fn len(&self) -> usize {
        self.category.len() + self.message.len()
    }
}

/// Keeps a message for the next page that shows some.
///
/// Where more wait than [`MAX_FLASHES`], or they are longer than [`MAX_FLASHES_LEN`] together, the
/// oldest are dropped: a client that never shows any must not fill its session until it cannot be
/// saved.
///
/// # Errors
/// When this one alone is longer than [`MAX_FLASH_LEN`]; nothing was changed then.
pub fn push(session: &mut Dict, category: &str, message: &str) -> Result<(), FlashError> {
    let len = category.len() + message.len();
    if len > MAX_FLASH_LEN {
        return Err(FlashError::TooLong { len });
    }
    let new = Value::Tuple(vec![category.into(), message.into()]);
    match session.get_mut(KEY) {
        Some(Value::List(waiting)) => {
            waiting.push(new);
            drop_oldest(waiting);
        }
        // Nobody but Flask has business here, and Flask keeps a list.
        _ => drop(session.insert(KEY, vec![new])),
    }
    Ok(())
}

/// Whether messages wait.
pub fn any(session: &Dict) -> bool {
    session.contains_key(KEY)
}

/// Takes all messages, oldest first, and drops what is none. A session without any is left as it is.
pub fn take(session: &mut Dict) -> Vec<Flash> {
    match session.remove(KEY) {
        Some(Value::List(waiting)) => waiting.iter().filter_map(Flash::from_value).collect(),
        _ => Vec::new(),
    }
}

/// Takes the messages of these categories, oldest first. The others go on waiting; Flask's
/// `category_filter` forgets them.
pub fn take_of(session: &mut Dict, categories: &[&str]) -> Vec<Flash> {
    let Some(Value::List(waiting)) = session.get_mut(KEY) else {
        return Vec::new();
    };
    let mut taken = Vec::new();
    waiting.retain(|value| {
        let flash =
            Flash::from_value(value).filter(|flash| categories.contains(&flash.category.as_str()));
        let stays = flash.is_none();
        taken.extend(flash);
        stays
    });
    if waiting.is_empty() {
        session.remove(KEY);
    }
    taken
}

/// Why a message was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlashError {
    /// It is longer than [`MAX_FLASH_LEN`].
    #[error("a flash message has {len} bytes with its category; at most {MAX_FLASH_LEN} are kept")]
    TooLong {
        /// The length of category and message in bytes.
        len: usize,
    },
}

/// Drops the oldest until the rest is within the bounds. The newest is within them by itself.
fn drop_oldest(waiting: &mut Vec<Value>) {
    let mut len = 0;
    let kept = waiting
        .iter()
        .rev()
        .map(|value| Flash::from_value(value).map_or(0, |flash| flash.len()))
        .take(MAX_FLASHES)
        .take_while(|next| {
            len += next;
            len <= MAX_FLASHES_LEN
        })
        .count();
    waiting.drain(..waiting.len() - kept);
}

/// How many messages wait at most.
pub const MAX_FLASHES: usize = 16;

/// The longest message in bytes of UTF-8, its category included.
pub const MAX_FLASH_LEN: usize = 1024;

/// The longest that all messages are together: half of what a cookie holds.
pub const MAX_FLASHES_LEN: usize = 2048;

/// Where Flask keeps them.
const KEY: &str = "_flashes";
