//! Reading.

use super::scan::plain_length;
use super::{ErrorKind, JsonError, MAX_DEPTH, MAX_INTEGER_DIGITS};
use crate::value::{BigInt, Dict, Text, Value, push_code_point};

/// Reads a value as `json.loads` would after decoding the bytes as UTF-8.
///
/// Wider than RFC 8259 where Python is: `NaN`, `Infinity` and `-Infinity`, integers beyond 64
/// bits, half surrogate pairs. `1e999` is infinite, `-0` is the integer 0, and of a repeated key
/// the last value wins. As strict as Python elsewhere: control characters in strings, a byte order
/// mark and trailing data are refused.
///
/// # Errors
/// When the bytes are no such text, when an integer has more than [`MAX_INTEGER_DIGITS`] digits,
/// and when the value lies deeper than [`MAX_DEPTH`].
///
/// # Examples
/// ```
/// # use privyseal::json::{self, JsonError};
/// # use privyseal::value::Value;
/// let value = json::parse(br#"{"user": 42, "user": 43}"#)?;
/// assert_eq!(value.as_dict().and_then(|dict| dict.get("user")), Some(&Value::Int(43)));
/// assert!(json::parse(b"{} {}").is_err());
/// # Ok::<(), JsonError>(())
/// ```
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|error| JsonError {
        kind: ErrorKind::NotUtf8,
        position: Some(error.valid_up_to()),
    })?;
    Parser { text, at: 0 }.document()
}

/// `at` never leaves the text and only rests on character boundaries.
struct Parser<'a> {
    text: &'a str,
    at: usize,
}

/// A list or object whose end has not been seen.
enum Open {
    List(Vec<Value>),
    Dict {
        pairs: Vec<(Text, Value)>,
        key: Text,
    },
}

type Result<T, E = JsonError> = std::result::Result<T, E>;

impl<'a> Parser<'a> {
    /// The whole text. Iterative, so that depth costs heap and not stack.
    fn document(mut self) -> Result<Value> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            self.skip_whitespace();
            let mut value = match self.peek() {
                Some(b'{') => {
                    self.enter(open.len())?;
                    if !self.take(b'}') {
                        open.push(Open::Dict {
                            pairs: Vec::new(),
                            key: self.key()?,
                        });
                        continue;
                    }
                    Value::Dict(Dict::new())
                }
                Some(b'[') => {
                    self.enter(open.len())?;
                    if !self.take(b']') {
                        open.push(Open::List(Vec::new()));
                        continue;
                    }
                    Value::List(Vec::new())
                }
                _ => self.scalar()?,
            };
            // The value is complete: it goes where it belongs, and may complete that, too.
            loop {
                self.skip_whitespace();
                match open.last_mut() {
                    None if self.at == self.text.len() => return Ok(value),
                    None => return Err(self.error(ErrorKind::TrailingData)),
                    Some(Open::List(items)) => {
                        items.push(value);
                        if self.take(b',') {
                            break;
                        }
                        self.expect(b']')?;
                        value = Value::List(std::mem::take(items));
                    }
                    Some(Open::Dict { pairs, key }) => {
                        pairs.push((std::mem::take(key), value));
                        if self.take(b',') {
                            self.skip_whitespace();
                            *key = self.key()?;
                            break;
                        }
                        self.expect(b'}')?;
                        value = Value::Dict(Dict::from_pairs(std::mem::take(pairs)));
                    }
                }
                open.pop();
            }
        }
    }

    /// Passes an opening bracket and the white space after it.
    fn enter(&mut self, depth: usize) -> Result<()> {
        if depth >= MAX_DEPTH {
            return Err(self.error(ErrorKind::TooDeep));
        }
        self.at += 1;
        self.skip_whitespace();
        Ok(())
    }

    /// An object's key and the colon after it.
    fn key(&mut self) -> Result<Text> {
        self.expect(b'"')?;
        let key = self.string()?;
        self.skip_whitespace();
        self.expect(b':')?;
        Ok(key)
    }

    fn scalar(&mut self) -> Result<Value> {
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                self.string().map(Value::Str)
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'n') => self.word("null", Value::Null),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'N') => self.word("NaN", Value::Float(f64::NAN)),
            Some(b'I') => self.word("Infinity", Value::Float(f64::INFINITY)),
            _ => Err(self.unexpected()),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value> {
        if !self.rest().starts_with(word) {
            return Err(self.unexpected());
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Value> {
        if self.rest().starts_with("-I") {
            self.at += 1;
            return self.word("Infinity", Value::Float(f64::NEG_INFINITY));
        }
        let start = self.at;
        self.take(b'-');
        let digits = self.at;
        // A leading zero stands alone; what follows it is then trailing data.
        if !self.take(b'0') {
            self.digits();
            if self.at == digits {
                return Err(self.unexpected());
            }
        }
        let length = self.at - digits;
        // A point or an exponent without digits is not part of the number.
        let whole = self.at;
        if self.take(b'.') && !self.digits() {
            self.at = whole;
        }
        let mantissa = self.at;
        if (self.take(b'e') || self.take(b'E')) && {
            let _sign = self.take(b'+') || self.take(b'-');
            !self.digits()
        } {
            self.at = mantissa;
        }
        let is_float = self.at > whole;
        let text = self.text.get(start..self.at).unwrap_or_default();
        let value = if is_float {
            text.parse().ok().map(Value::Float)
        } else if length > MAX_INTEGER_DIGITS {
            return Err(JsonError {
                kind: ErrorKind::HugeInteger,
                position: Some(start),
            });
        } else if let Ok(number) = text.parse() {
            Some(Value::Int(number))
        } else {
            BigInt::new(text).map(Value::BigInt)
        };
        value.ok_or_else(|| self.unexpected())
    }

    /// Passes decimal digits; whether there was one.
    fn digits(&mut self) -> bool {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at > start
    }

    /// The rest of a string after its opening quote, copied in one go if it has no escapes.
    fn string(&mut self) -> Result<Text> {
        let plain = self.plain_run();
        if self.take(b'"') {
            return Ok(plain.into());
        }
        let mut bytes = plain.as_bytes().to_vec();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Text::from_wtf8(bytes));
                }
                Some(b'\\') => {
                    self.at += 1;
                    let point = self.escape()?;
                    push_code_point(&mut bytes, point);
                }
                Some(_) => return Err(self.error(ErrorKind::ControlCharacter)),
                None => return Err(self.unexpected()),
            }
            bytes.extend_from_slice(self.plain_run().as_bytes());
        }
    }

    /// Passes the characters up to the next quote, backslash or control character.
    fn plain_run(&mut self) -> &'a str {
        let rest = self.rest();
        let length = plain_length(rest.as_bytes(), false);
        let start = self.at;
        self.at += length;
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// The code point of an escape, after its backslash. A surrogate stands for itself unless it
    /// is followed by its other half.
    fn escape(&mut self) -> Result<u32> {
        let point = match self.peek() {
            Some(b'u') => {
                self.at += 1;
                return self.unicode_escape();
            }
            Some(plain @ (b'"' | b'\\' | b'/')) => plain,
            Some(b'b') => 0x08,
            Some(b't') => 0x09,
            Some(b'n') => 0x0a,
            Some(b'f') => 0x0c,
            Some(b'r') => 0x0d,
            Some(_) => return Err(self.error(ErrorKind::BadEscape)),
            None => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(point.into())
    }

    fn unicode_escape(&mut self) -> Result<u32> {
        let first = self
            .hex4()
            .ok_or_else(|| self.error(ErrorKind::BadEscape))?;
        if !(0xd800..0xdc00).contains(&first) || !self.rest().starts_with("\\u") {
            return Ok(first);
        }
        let between = self.at;
        self.at += 2;
        if let Some(second @ 0xdc00..0xe000) = self.hex4() {
            return Ok(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
        }
        // Not its other half: that escape speaks for itself on the next turn.
        self.at = between;
        Ok(first)
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4)?;
        let mut unit = 0;
        for &digit in digits {
            unit = unit << 4 | char::from(digit).to_digit(16)?;
        }
        self.at += 4;
        Some(unit)
    }

    fn skip_whitespace(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes an ASCII byte if it is next.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn unexpected(&self) -> JsonError {
        self.error(match self.peek() {
            Some(_) => ErrorKind::UnexpectedByte,
            None => ErrorKind::UnexpectedEnd,
        })
    }

    fn error(&self, kind: ErrorKind) -> JsonError {
        JsonError {
            kind,
            position: Some(self.at),
        }
    }
}
