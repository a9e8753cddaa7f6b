//! Reading line 2: only the spelling that is written, so that nothing is there to be ambiguous.
//!
//! A general JSON reader would have to be told about repeated, missing and unknown fields, and
//! about the many ways to write a number; this one passes what must stand at a place, or stops.

use super::ReadError;
use crate::Timestamp;
use crate::encoding::Base64;
use crate::keyring::KeyId;
use crate::ring::parts::{Material, Note, Origin, RingId};
use crate::ring::policy::RingPolicy;
use crate::ring::record::{Ending, KeyRecord, KeyState, Tombstone};
use crate::ring::{MAX_KEYS, MAX_NUMBER, MAX_TOMBSTONES, Ring};

type Result<T> = std::result::Result<T, ReadError>;

/// The ring that is written there.
pub(super) fn document(bytes: &[u8]) -> Result<Ring> {
    let text = std::str::from_utf8(bytes).map_err(|error| ReadError::Malformed {
        position: error.valid_up_to(),
        expected: "UTF-8",
    })?;
    let mut reader = Reader { text, at: 0 };
    let ring = reader.ring()?;
    if reader.at == text.len() {
        Ok(ring)
    } else {
        Err(reader.malformed("the end"))
    }
}

/// The bytes behind exactly as many lower-case hexadecimal digits as they need.
pub(super) fn hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != N {
        return None;
    }
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

/// `at` never leaves the text and only rests on character boundaries.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn ring(&mut self) -> Result<Ring> {
        Ok(Ring {
            former_tokens_until: self.time("{\"former_tokens_until\":")?,
            generation: self.number(",\"generation\":")?,
            keys: self.list(",\"keys\":[", MAX_KEYS, Self::record)?,
            next_sequence: self.number(",\"next_sequence\":")?,
            no_flip_before: self.time(",\"no_flip_before\":")?,
            policy: self.policy(",\"policy\":")?,
            previous: self.previous(",\"previous\":")?,
            id: RingId::from_bytes(self.hex(",\"ring\":\"")?),
            tombstones: self.list(",\"tombstones\":[", MAX_TOMBSTONES, Self::tombstone)?,
            written_at: {
                let time = self.time(",\"written_at\":")?;
                self.pass("}")?;
                time
            },
        })
    }

    fn record(&mut self) -> Result<KeyRecord> {
        Ok(KeyRecord {
            created_at: self.time("{\"created_at\":")?,
            id: KeyId::from_bytes(self.hex(",\"id\":\"")?),
            material: self.material(",\"material\":\"")?,
            note: self.note(",\"note\":\"")?,
            origin: self.one_of(",\"origin\":\"", Origin::ALL, Origin::name)?,
            sequence: self.number(",\"sequence\":")?,
            sign_from: self.optional(",\"sign_from\":")?,
            sign_until: self.optional(",\"sign_until\":")?,
            state: self.one_of(",\"state\":\"", KeyState::ALL, KeyState::name)?,
            state_generation: self.number(",\"state_generation\":")?,
            state_since: self.time(",\"state_since\":")?,
            verify_until: {
                let time = self.optional(",\"verify_until\":")?;
                self.pass("}")?;
                time
            },
        })
    }

    fn tombstone(&mut self) -> Result<Tombstone> {
        Ok(Tombstone {
            created_at: self.time("{\"created_at\":")?,
            destroyed_at: self.time(",\"destroyed_at\":")?,
            ended_at: self.time(",\"ended_at\":")?,
            ending: self.one_of(",\"ending\":\"", Ending::ALL, Ending::name)?,
            id: KeyId::from_bytes(self.hex(",\"id\":\"")?),
            note: self.note(",\"note\":\"")?,
            sequence: {
                let number = self.number(",\"sequence\":")?;
                self.pass("}")?;
                number
            },
        })
    }

    fn policy(&mut self, name: &'static str) -> Result<RingPolicy> {
        self.pass(name)?;
        let policy = RingPolicy {
            activation: self.number("{\"activation\":")?,
            hold: self.number(",\"hold\":")?,
            lease: self.number(",\"lease\":")?,
            period: self.number(",\"period\":")?,
            poll: self.number(",\"poll\":")?,
            propagation: self.number(",\"propagation\":")?,
            skew: self.number(",\"skew\":")?,
            token_life: self.number(",\"token_life\":")?,
        };
        self.pass("}")?;
        Ok(policy)
    }

    fn previous(&mut self, name: &'static str) -> Result<Option<[u8; 32]>> {
        self.pass(name)?;
        if self.take("null") {
            Ok(None)
        } else {
            self.hex("\"").map(Some)
        }
    }

    /// The items up to the closing bracket.
    fn list<T>(
        &mut self,
        name: &'static str,
        limit: usize,
        item: impl Fn(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.pass(name)?;
        let mut items = Vec::new();
        while !self.take("]") {
            if items.len() == limit {
                return Err(self.malformed("the end of the list"));
            }
            if !items.is_empty() {
                self.pass(",")?;
            }
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn number(&mut self, name: &'static str) -> Result<u64> {
        self.pass(name)?;
        let rest = self.rest();
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let digits = rest.get(..length).unwrap_or_default();
        let spelled = digits == "0" || !digits.starts_with('0');
        let number = digits.parse().ok().filter(|number| *number <= MAX_NUMBER);
        let number = number
            .filter(|_| spelled)
            .ok_or_else(|| self.malformed("a whole number below 2^53"))?;
        self.at += length;
        Ok(number)
    }

    fn time(&mut self, name: &'static str) -> Result<Timestamp> {
        self.number(name).map(Timestamp::from_unix_seconds)
    }

    fn optional(&mut self, name: &'static str) -> Result<Option<Timestamp>> {
        self.pass(name)?;
        if self.take("null") {
            Ok(None)
        } else {
            self.time("").map(Some)
        }
    }

    fn hex<const N: usize>(&mut self, name: &'static str) -> Result<[u8; N]> {
        let digits = self.plain(name)?;
        hex(digits.as_bytes()).ok_or_else(|| self.malformed("hexadecimal digits before this"))
    }

    fn one_of<T: Copy>(
        &mut self,
        name: &'static str,
        all: impl IntoIterator<Item = T>,
        name_of: impl Fn(T) -> &'static str,
    ) -> Result<T> {
        let text = self.plain(name)?;
        all.into_iter()
            .find(|one| name_of(*one) == text)
            .ok_or_else(|| self.malformed("a known word before this"))
    }

    fn material(&mut self, name: &'static str) -> Result<Material> {
        let text = self.plain(name)?;
        Base64::Strict
            .decode(text.as_bytes())
            .and_then(|bytes| Material::new(bytes).ok())
            .ok_or_else(|| self.malformed("wrapped material before this"))
    }

    fn note(&mut self, name: &'static str) -> Result<Note> {
        self.pass(name)?;
        let mut note = String::new();
        loop {
            let mut characters = self.rest().chars();
            let character = match characters.next() {
                Some('"') => break,
                Some('\\') => characters.next().filter(|next| matches!(next, '"' | '\\')),
                other => other,
            };
            note.push(character.ok_or_else(|| self.malformed("a note"))?);
            self.at = self.text.len() - characters.as_str().len();
            if note.len() > Note::MAX_LEN {
                return Err(self.malformed("the end of a note"));
            }
        }
        self.pass("\"")?;
        Note::new(note).map_err(|_| self.malformed("a note before this"))
    }

    /// The text after the name up to its closing quote, which it passes.
    fn plain(&mut self, name: &'static str) -> Result<&'a str> {
        self.pass(name)?;
        let (text, _) = self
            .rest()
            .split_once('"')
            .ok_or_else(|| self.malformed("a text"))?;
        self.at += text.len() + 1;
        Ok(text)
    }

    fn pass(&mut self, expected: &'static str) -> Result<()> {
        if self.take(expected) {
            Ok(())
        } else {
            Err(self.malformed(expected))
        }
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn malformed(&self, expected: &'static str) -> ReadError {
        ReadError::Malformed {
            position: self.at,
            expected,
        }
    }
}
