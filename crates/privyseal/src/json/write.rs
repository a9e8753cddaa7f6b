//! Writing.

use std::fmt;
use std::io::Write as _;

use super::float::push_float;
use super::scan::plain_length;
use super::{ErrorKind, JsonError, MAX_DEPTH, Style, WriteOptions};
use crate::value::{Dict, Text, Value, split_code_point};

/// Writes a value as `json.dumps` would, in UTF-8.
///
/// # Errors
/// When the value holds one of the kinds that only tagged JSON has (tuple, bytes, markup, UUID,
/// datetime; Python would quietly turn a tuple into a list), when a text with a lone surrogate
/// cannot be escaped because the style keeps characters outside ASCII, and when the value lies
/// deeper than [`MAX_DEPTH`].
///
/// # Examples
/// ```
/// # use privyseal::json::{self, JsonError, Style};
/// # use privyseal::value::{Dict, Value};
/// let value = Value::Dict(Dict::from_iter([("é", vec![Value::Int(1), Value::Float(2.0)])]));
/// assert_eq!(json::write(&value, Style::Python)?, br#"{"\u00e9": [1, 2.0]}"#);
/// let compact = json::write(&value, Style::Compact { ascii: false })?;
/// assert_eq!(compact, r#"{"é":[1,2.0]}"#.as_bytes());
/// # Ok::<(), JsonError>(())
/// ```
pub fn write(value: &Value, options: impl Into<WriteOptions>) -> Result<Vec<u8>, JsonError> {
    let options = options.into();
    let (comma, colon, ascii): (&[u8], &[u8], bool) = match options.style {
        Style::Python => (b", ", b": ", true),
        Style::Compact { ascii } => (b",", b":", ascii),
    };
    let mut writer = Writer {
        out: Vec::new(),
        comma,
        colon,
        ascii,
        sort_keys: options.sort_keys,
    };
    writer.value(value, MAX_DEPTH)?;
    Ok(writer.out)
}

struct Writer {
    out: Vec<u8>,
    comma: &'static [u8],
    colon: &'static [u8],
    ascii: bool,
    sort_keys: bool,
}

impl Writer {
    /// Recursive; `room` is how many levels may still follow.
    fn value(&mut self, value: &Value, room: usize) -> Result<(), JsonError> {
        match value {
            Value::Null => self.out.extend_from_slice(b"null"),
            Value::Bool(true) => self.out.extend_from_slice(b"true"),
            Value::Bool(false) => self.out.extend_from_slice(b"false"),
            Value::Int(number) => push_int(&mut self.out, *number),
            Value::BigInt(number) => self.out.extend_from_slice(number.as_str().as_bytes()),
            Value::Float(number) => push_float(&mut self.out, *number),
            Value::Str(text) => push_text(&mut self.out, text, self.ascii)?,
            Value::List(items) => self.list(items, room)?,
            Value::Dict(dict) => self.dict(dict, room)?,
            other => return Err(JsonError::writing(ErrorKind::NotJson(other.type_name()))),
        }
        Ok(())
    }

    fn list(&mut self, items: &[Value], room: usize) -> Result<(), JsonError> {
        let room = deeper(room)?;
        self.out.push(b'[');
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                self.out.extend_from_slice(self.comma);
            }
            self.value(item, room)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn dict(&mut self, dict: &Dict, room: usize) -> Result<(), JsonError> {
        let room = deeper(room)?;
        self.out.push(b'{');
        in_order(dict, self.sort_keys, |place, key, value| {
            if place > 0 {
                self.out.extend_from_slice(self.comma);
            }
            push_text(&mut self.out, key, self.ascii)?;
            self.out.extend_from_slice(self.colon);
            self.value(value, room)
        })?;
        self.out.push(b'}');
        Ok(())
    }
}

/// One level less room, or the error that there is none.
pub(crate) fn deeper(room: usize) -> Result<usize, JsonError> {
    room.checked_sub(1)
        .ok_or(JsonError::writing(ErrorKind::TooDeep))
}

/// Visits the pairs of a dict, sorted by code point on demand, with their places.
pub(crate) fn in_order<E>(
    dict: &Dict,
    sort_keys: bool,
    mut visit: impl FnMut(usize, &Text, &Value) -> Result<(), E>,
) -> Result<(), E> {
    let pairs = dict.as_pairs();
    if !sort_keys || pairs.is_sorted_by(|(left, _), (right, _)| left < right) {
        return pairs
            .iter()
            .enumerate()
            .try_for_each(|(place, (key, value))| visit(place, key, value));
    }
    let mut sorted: Vec<_> = pairs.iter().collect();
    sorted.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
    sorted
        .into_iter()
        .enumerate()
        .try_for_each(|(place, (key, value))| visit(place, key, value))
}

pub(crate) fn push_int(out: &mut Vec<u8>, number: i64) {
    push_formatted(out, format_args!("{number}"));
}

pub(crate) fn push_formatted(out: &mut Vec<u8>, arguments: fmt::Arguments<'_>) {
    let written = out.write_fmt(arguments);
    debug_assert!(written.is_ok(), "writing to memory does not fail");
}

/// Appends a text as a JSON string.
///
/// With `ascii`, everything outside space to tilde is an escape, DEL too; characters beyond U+FFFF
/// are two. Without it only quotes, backslashes and control characters are.
pub(crate) fn push_text(out: &mut Vec<u8>, text: &Text, ascii: bool) -> Result<(), JsonError> {
    if !ascii && text.as_str().is_none() {
        return Err(JsonError::writing(ErrorKind::LoneSurrogate));
    }
    let mut rest = text.as_wtf8();
    out.reserve(rest.len() + 2);
    out.push(b'"');
    loop {
        let run = plain_length(rest, ascii);
        let (plain, after) = rest.split_at(run);
        out.extend_from_slice(plain);
        let Some((point, after)) = split_code_point(after) else {
            break;
        };
        push_escape(out, point);
        rest = after;
    }
    out.push(b'"');
    Ok(())
}

fn push_escape(out: &mut Vec<u8>, point: u32) {
    let short = match point {
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        0x22 => b'"',
        0x5c => b'\\',
        _ => {
            let Some(character) = char::from_u32(point) else {
                return push_unit(out, point);
            };
            for unit in character.encode_utf16(&mut [0; 2]) {
                push_unit(out, u32::from(*unit));
            }
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Appends `\u` and four lower-case hexadecimal digits.
fn push_unit(out: &mut Vec<u8>, unit: u32) {
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        let digit = char::from_digit(unit >> shift & 15, 16).unwrap_or('0');
        out.extend_from_slice(digit.encode_utf8(&mut [0; 4]).as_bytes());
    }
}
